package e2e

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"stoa/internal/stack"
	"stoa/test/client"
)

// What is shipped limits those who sign in and up by their address, whatever address they claim, and nobody else by that.
func TestGateway_limitsGuesses(t *testing.T) {
	shop := client.Start(t, t.TempDir(), func(o *stack.Options) { o.Env = nil })
	guess := func(n int) client.Answer {
		t.Helper()
		answer, err := shop.Do(t.Context(), client.Request{
			Method: "POST", Path: "/auth/token/refresh", Body: map[string]string{"refreshToken": "guessed"},
			Header: map[string]string{"X-Forwarded-For": fmt.Sprintf("203.0.113.%d", n%250)},
		})
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	limit, err := strconv.Atoi(guess(0).Header.Get("RateLimit-Limit"))
	if err != nil || limit < 1 {
		t.Fatalf("no answer tells the limit: %v", err)
	}
	var refused client.Answer
	for n := range 2*limit + 1 { // a minute may end in between
		if refused = guess(n); refused.Status == http.StatusTooManyRequests {
			break
		}
	}
	expectProblem(t, refused, http.StatusTooManyRequests, "rate_limited")
	for _, name := range []string{"Retry-After", "RateLimit-Reset"} {
		if seconds, err := strconv.Atoi(refused.Header.Get(name)); err != nil || seconds < 1 || seconds > 60 {
			t.Errorf("%s is %q", name, refused.Header.Get(name))
		}
	}
	shop.Must(t, client.Request{Method: "GET", Path: "/products"}, http.StatusOK, nil)
}

// Auth is told where a request came from by the gateway alone, whatever sidecars add on the way: people behind a trusted
// proxy are told apart, and nobody who claims to be another is believed.
func TestGateway_tellsAuthTheAddress(t *testing.T) {
	t.Parallel()
	shop := client.Start(t, t.TempDir(), func(o *stack.Options) { o.Env = map[string]string{"TRUSTED_PROXIES": "127.0.0.0/8"} })
	in := signInOf(signUp(t, shop, address(t)).User.Email, password)
	in.Header = map[string]string{"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}
	var came tokens
	shop.Must(t, in, http.StatusOK, &came)
	var list struct{ Items []struct{ Address string } }
	shop.Must(t, client.Request{Method: "GET", Path: "/auth/sessions", As: came.user()}, http.StatusOK, &list)
	if len(list.Items) != 2 || list.Items[0].Address != "203.0.113.9" || list.Items[1].Address != "127.0.0.1" {
		t.Errorf("got %+v", list.Items)
	}
}

// While auth is down, a key that was used a moment ago still opens, and nobody is told that theirs is wrong.
func TestAPIKeys_openForAMomentWithoutAuth(t *testing.T) {
	shop := client.Start(t, t.TempDir())
	products := client.Request{Method: "GET", Path: "/products"}
	shop.Must(t, products, http.StatusOK, nil)
	if err := shop.Freeze("auth"); err != nil {
		t.Fatal(err)
	}
	shop.Must(t, products, http.StatusOK, nil)
	stranger := products
	stranger.Header = map[string]string{"X-Api-Key": "stoa_of-somebody-whom-nobody-can-ask-about"}
	answer, err := shop.Do(t.Context(), stranger)
	if err != nil {
		t.Fatal(err)
	}
	expectProblem(t, answer, http.StatusServiceUnavailable, "unavailable")
	client.Eventually(t, "the key was used too long ago", func() error {
		answer, err := shop.Do(t.Context(), products)
		if err == nil && answer.Status != http.StatusServiceUnavailable {
			err = fmt.Errorf("got %s", answer)
		}
		return err
	})
	if err := shop.Thaw("auth"); err != nil {
		t.Fatal(err)
	}
	client.Eventually(t, "auth is there again", func() error {
		answer, err := shop.Do(t.Context(), products)
		if err == nil && answer.Status != http.StatusOK {
			err = fmt.Errorf("got %s", answer)
		}
		return err
	})
}

func TestGateway_forwardsHead(t *testing.T) {
	for path, status := range map[string]int{
		"/products": 200, "/auth/.well-known/jwks.json": 200, "/orders": 401, "/products/unknown": 404, "/nowhere": 404,
	} {
		answer, err := shop.Do(t.Context(), client.Request{Method: "HEAD", Path: path})
		if err != nil {
			t.Fatal(err)
		}
		if answer.Status != status || len(answer.Body) > 0 {
			t.Errorf("HEAD %s: got %s, want %d", path, answer, status)
		}
	}
}
