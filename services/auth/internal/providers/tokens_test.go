package providers_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/rs/zerolog"

	"stoa/pkg/common/must"
	"stoa/pkg/identity"
	"stoa/pkg/identity/signing"
	"stoa/services/auth/internal/domain"
	"stoa/services/auth/internal/providers"
)

// Changed keys take effect, if they are valid.
func TestTokens_followTheSigningKeys(t *testing.T) {
	first := signing.Fresh(time.Now())
	second := must.Get(first.Rotate(time.Now()))(t)
	tokens := providers.NewTokens(must.Get(identity.NewSigner(first.String()))(t))
	var text string
	var down error
	follow := tokens.Follow(func(context.Context) (string, error) { return text, down }, zerolog.Nop())
	for _, step := range []struct {
		name string
		text string
		err  error
		want signing.Bundle
	}{
		{"the same keys", first.String(), nil, first},
		{"the store is down", "", errors.New("away"), first},
		{"no keys", "hunter2", nil, first},
		{"other keys", second.String(), nil, second},
		{"the store is down again", "", errors.New("away"), second},
		{"back to the first", first.String(), nil, first},
	} {
		text, down = step.text, step.err
		follow(t.Context())
		current, _ := step.want.Find(signing.Current)
		if got := tokens.KeySet().Keys; len(got) != len(step.want) || got[0].ID != step.want[0].ID() {
			t.Errorf("%s: published %+v", step.name, got)
		}
		if kid := kidOf(t, tokens); kid != current.ID() {
			t.Errorf("%s: %s signs, want %s", step.name, kid, current.ID())
		}
	}
	if domain.ClockSkew != signing.Skew {
		t.Errorf("sessions tolerate clocks that differ by %s, tokens by %s", domain.ClockSkew, signing.Skew)
	}
	if providers.FollowPause >= signing.LeadTime {
		t.Errorf("a new key signs after %s, and is read after %s", signing.LeadTime, providers.FollowPause)
	}
}

// kidOf issues a token that verifies against the published keys, and returns which of them has signed it.
func kidOf(t *testing.T, tokens *providers.Tokens) string {
	t.Helper()
	token, ttl, err := tokens.Issue(domain.Account{ID: "a-1", Email: "ada@example.org"}, "s-1")
	if err != nil || ttl != 15*time.Minute {
		t.Fatalf("got %s, %v", ttl, err)
	}
	must.Get(identity.NewTokenVerifier(tokens.Published).Verify(t.Context(), token))(t)
	unverified, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	kid, _ := unverified.Header["kid"].(string)
	return kid
}
