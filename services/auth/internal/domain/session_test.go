package domain_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"stoa/services/auth/internal/domain"
)

func TestNewSessionKeepsNoToken(t *testing.T) {
	now := time.Now()
	session, token := domain.NewSession("s-1", "a-1", now)
	_, again := domain.NewSession("s-1", "a-1", now)
	if token == again {
		t.Error("two sessions have one refresh token")
	}
	id, secret, _ := strings.Cut(token, ".")
	if id != "s-1" || len(secret) != 43 {
		t.Errorf("the token %q is not the session's id and 32 random bytes", token)
	}
	raw, err := json.Marshal(session)
	if err != nil || strings.Contains(string(raw), secret) {
		t.Errorf("%s holds the secret (%v)", raw, err)
	}
	if got := session.ExpiresAt.Sub(now); got != 7*24*time.Hour {
		t.Errorf("it lives for %s", got)
	}
}

func TestAPIKey(t *testing.T) {
	const text = "stoa_0123456789abcdefghijklmn"
	_, err := domain.NewAPIKey("stoa_short", "x", nil, time.Now())
	if err == nil || strings.Contains(err.Error(), "stoa_short") {
		t.Errorf("got %v, want an error that keeps the key", err)
	}
	key, err := domain.NewAPIKey(text, "web pages", domain.AllPermissions(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(key)
	if err != nil || strings.Contains(string(raw), text) {
		t.Errorf("%s holds the key (%v)", raw, err)
	}
	if key.ID != domain.APIKeyID(text) || !key.Matches(text) {
		t.Error("the key is not found again")
	}
	if key.Matches(text+"x") || key.Matches("") || (domain.APIKey{}).Matches("") {
		t.Error("another key passes")
	}
}
