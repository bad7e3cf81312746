package providers_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/rs/zerolog"

	"stoa/pkg/common/must"
	"stoa/pkg/identity"
	"stoa/pkg/identity/signing"
	"stoa/services/auth/internal/domain"
	"stoa/services/auth/internal/providers"
)

// secretStore holds one secret, which may change, and may be down.
type secretStore struct {
	mu   sync.Mutex
	text string
	err  error
}

func (s *secretStore) read(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text, s.err
}

func (s *secretStore) set(text string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text, s.err = text, err
}

// Changed keys take effect within two seconds, if they are valid.
func TestTokens_followTheSigningKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := signing.Fresh(time.Now())
		second := must.Get(first.Rotate(time.Now()))(t)
		signer := must.Get(identity.NewSigner(first.String()))(t)
		store, tokens := &secretStore{}, providers.NewTokens(signer)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- tokens.Follow(store.read, zerolog.Nop())(ctx) }()
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
			store.set(step.text, step.err)
			time.Sleep(2 * time.Second)
			synctest.Wait()
			current, _ := step.want.Find(signing.Current)
			if got := tokens.KeySet().Keys; len(got) != len(step.want) || got[0].ID != step.want[0].ID() {
				t.Errorf("%s: published %+v", step.name, got)
			}
			if kid := kidOf(t, tokens); kid != current.ID() {
				t.Errorf("%s: %s signs, want %s", step.name, kid, current.ID())
			}
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
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
