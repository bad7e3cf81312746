package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"stoa/internal/stack"
	"stoa/pkg/common/must"
	"stoa/pkg/identity/signing"
	"stoa/test/client"
	"stoa/test/system"
)

// kidOf returns which key a token says that it was signed with.
func kidOf(t *testing.T, token string) string {
	t.Helper()
	header, _, _ := strings.Cut(token, ".")
	raw := must.Get(base64.RawURLEncoding.DecodeString(header))(t)
	var named struct{ Kid string }
	if err := json.Unmarshal(raw, &named); err != nil || named.Kid == "" {
		t.Fatalf("%s: %v", raw, err)
	}
	return named.Kid
}

// signedInReads are reads in every service that somebody who is signed in may do.
var signedInReads = []string{"/auth/profile/mine", "/orders", "/notifications"}

// readOn reads with the token of the user that was stored last, until stop is called, which returns how often it was served.
// Being told to sign in again is an error; being told to come back is not.
func readOn(t *testing.T, shop *client.Shop, users *atomic.Value) (stop func() (served int64)) {
	t.Helper()
	var all sync.WaitGroup
	var served atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	for n := range 4 * len(signedInReads) {
		all.Go(func() {
			for ctx.Err() == nil {
				user, _ := users.Load().(client.User)
				answer, err := shop.Do(ctx, client.Request{Method: "GET", Path: signedInReads[n%len(signedInReads)], As: user})
				switch {
				case ctx.Err() != nil:
				case err == nil && answer.Status == http.StatusOK:
					served.Add(1)
				case err == nil && answer.Status == http.StatusServiceUnavailable:
				default:
					t.Errorf("got %s, %v", answer, err)
				}
				pause(ctx, 50*time.Millisecond)
			}
		})
	}
	return func() int64 {
		cancel()
		all.Wait()
		return served.Load()
	}
}

// rotateKeys rotates the signing keys and returns which one signs now.
func rotateKeys(t *testing.T, shop *client.Shop) (kid string) {
	t.Helper()
	began := time.Now()
	keys := must.Get(stack.RotateSigningKeys(t.Context(), shop.Dir(), func(line string) { t.Log(line) }))(t)
	t.Logf("the rotation took %s", time.Since(began).Round(time.Millisecond))
	current, _ := keys.Find(signing.Current)
	return current.ID()
}

// While the signing keys are rotated, again and again, nobody is told to sign in again.
func TestSigningKeys_rotateWithoutARefusal(t *testing.T) {
	t.Parallel()
	shop := client.Borrow(t)
	first := shop.SignUp(t)
	kids := []string{kidOf(t, first.Token)}
	var reader atomic.Value
	reader.Store(first)
	stop := readOn(t, shop, &reader)
	for n := range 3 {
		current := rotateKeys(t, shop)
		insistOn(t, shop, client.ProfileOf(first))
		latest := shop.SignUp(t)
		if kid := kidOf(t, latest.Token); kid != current {
			t.Errorf("rotation %d: %s signs, want %s", n+1, kid, current)
		}
		kids = append(kids, current)
		for _, user := range []client.User{first, latest} {
			for _, path := range signedInReads {
				insistOn(t, shop, client.Request{Method: "GET", Path: path, As: user})
			}
		}
		reader.Store(latest)
	}
	if served := stop(); served < 100 {
		t.Errorf("only %d reads were served", served)
	}
	var set struct{ Keys []struct{ Kid string } }
	shop.Must(t, client.Request{Method: "GET", Path: "/auth/.well-known/jwks.json"}, http.StatusOK, &set)
	for _, kid := range kids {
		if !slices.Contains(set.Keys, struct{ Kid string }{kid}) {
			t.Errorf("%s is not published, and tokens of it still hold", kid)
		}
	}
}

// insistOn sends a request until it is served: a sidecar of auth that has just started may not have been found yet by all
// others. To be told to come back is fine, anything else is not.
func insistOn(t *testing.T, shop *client.Shop, r client.Request) {
	t.Helper()
	system.Eventually(t, r.Path+" is served", func() error {
		answer, err := shop.Do(t.Context(), r)
		switch {
		case err != nil || answer.Status == http.StatusOK:
			return err
		case answer.Status != http.StatusServiceUnavailable:
			t.Errorf("%s: got %s", r.Path, answer)
		}
		return fmt.Errorf("got %s", answer)
	})
}
