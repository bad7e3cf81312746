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
