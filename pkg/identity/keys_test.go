package identity_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/identity"
)

// issuer is an auth service whose keys change and which can be down.
type issuer struct {
	mu      sync.Mutex
	fetch   func(context.Context) ([]byte, error)
	fetched atomic.Int64
}

func (i *issuer) keys(ctx context.Context) ([]byte, error) {
	i.fetched.Add(1)
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetch(ctx)
}

func (i *issuer) answer(fetch func(context.Context) ([]byte, error)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fetch = fetch
}

func down(context.Context) ([]byte, error) { return nil, errors.New("connection refused") }

func tokenOf(t *testing.T, signer *identity.Signer) string {
	t.Helper()
	return must.Get(signer.Sign(ada, time.Now(), time.Hour))(t)
}

func TestTokenVerifier_fetchesForUnknownKeysEveryFewSecondsAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, signer := newKey(t)
		_, next := newKey(t)
		source := &issuer{fetch: published(signer)}
		verifier, token := identity.NewTokenVerifier(source.keys), tokenOf(t, next)
		for range 100 {
			if _, err := verifier.Verify(t.Context(), token); !errs.Is(err, errs.Unauthenticated) {
				t.Fatalf("got %v, want unauthenticated", err)
			}
		}
		if n := source.fetched.Load(); n != 1 {
			t.Errorf("%d fetches, want 1", n)
		}
		source.answer(published(signer, next))
		time.Sleep(4 * time.Second)
		if _, err := verifier.Verify(t.Context(), token); err != nil {
			t.Errorf("a new key has to be found: %v", err)
		}
	})
}

func TestTokenVerifier_knowsItsKeysWithoutTheIssuer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, signer := newKey(t)
		_, next := newKey(t)
		source := &issuer{fetch: down}
		verifier := identity.NewTokenVerifier(source.keys)
		for range 3 {
			if _, err := verifier.Verify(t.Context(), tokenOf(t, signer)); !errs.Is(err, errs.Unavailable) {
				t.Fatalf("never seen a key: got %v, want unavailable", err)
			}
		}
		source.answer(published(signer))
		time.Sleep(time.Second)
		if _, err := verifier.Verify(t.Context(), tokenOf(t, signer)); err != nil {
			t.Fatalf("the issuer is back: %v", err)
		}
		source.answer(down)
		time.Sleep(time.Hour)
		if _, err := verifier.Verify(t.Context(), tokenOf(t, signer)); err != nil {
			t.Errorf("a known key: %v", err)
		}
		if _, err := verifier.Verify(t.Context(), tokenOf(t, next)); !errs.Is(err, errs.Unavailable) {
			t.Errorf("an unknown key: got %v, want unavailable", err)
		}
	})
}

func TestTokenVerifier_forgetsWithdrawnKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, signer := newKey(t)
		_, next := newKey(t)
		source := &issuer{fetch: published(signer)}
		verifier, token := identity.NewTokenVerifier(source.keys), tokenOf(t, signer)
		must.Get(verifier.Verify(t.Context(), token))(t)
		source.answer(published(next))
		time.Sleep(10 * time.Minute)
		_, _ = verifier.Verify(t.Context(), tokenOf(t, signer)) // notices that the keys are old
		synctest.Wait()
		for name, token := range map[string]string{"a token of it": tokenOf(t, signer), "one that held before": token} {
			if _, err := verifier.Verify(t.Context(), token); !errs.Is(err, errs.Unauthenticated) {
				t.Errorf("%s: got %v, want unauthenticated", name, err)
			}
		}
	})
}

func TestTokenVerifier_takesAnUnreadableKeySetForAnOutage(t *testing.T) {
	_, signer := newKey(t)
	for name, raw := range map[string]string{
		"no JSON": "<html>", "no keys": `{"keys":[]}`, "other keys": `{"keys":[{"kty":"RSA","kid":"1"}]}`, "nothing": "",
	} {
		t.Run(name, func(t *testing.T) {
			verifier := identity.NewTokenVerifier(func(context.Context) ([]byte, error) { return []byte(raw), nil })
			if _, err := verifier.Verify(t.Context(), tokenOf(t, signer)); !errs.Is(err, errs.Unavailable) {
				t.Errorf("got %v, want unavailable", err)
			}
		})
	}
}
