package e2e

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"stoa/internal/stack"
	"stoa/test/client"
	"stoa/test/system"
)

// What is shipped limits those who sign in and up by their address, whatever address they claim, and nobody else by that.
func TestGateway_limitsGuesses(t *testing.T) {
	t.Parallel()
	shop := client.Start(t, system.Folder(t), func(o *stack.Options) { o.Env = nil })
	guess := func(n int) client.Answer {
		t.Helper()
		request := client.RefreshOf(client.User{Refresh: "guessed"})
		request.Header = map[string]string{"X-Forwarded-For": fmt.Sprintf("203.0.113.%d", n%250)}
		return shop.Try(t, request)
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
	refused.Expect(t, http.StatusTooManyRequests, "rate_limited")
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
	shop := client.Start(t, system.Folder(t), client.Only(t, "gateway", "auth"), func(o *stack.Options) {
		o.Env = map[string]string{"TRUSTED_PROXIES": "127.0.0.0/8"}
	})
	in := client.SignInOf(shop.SignUp(t).Email, client.Password)
	in.Header = map[string]string{"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}
	came := shop.Must(t, in, http.StatusOK, nil).User(t)
	var list struct{ Items []struct{ Address string } }
	shop.Must(t, client.Request{Method: "GET", Path: "/auth/sessions", As: came}, http.StatusOK, &list)
	if len(list.Items) != 2 || list.Items[0].Address != "203.0.113.9" || list.Items[1].Address != "127.0.0.1" {
		t.Errorf("got %+v", list.Items)
	}
}

// While auth is down, a key that was used a moment ago still opens, one that was used lately reads, and nobody is told that theirs is
// wrong.
func TestAPIKeys_openForAMomentWithoutAuth(t *testing.T) {
	shop := client.Borrow(t)
	products, order := client.Request{Method: "GET", Path: "/products"}, client.Request{Method: "POST", Path: "/orders"}
	shop.Must(t, products, http.StatusOK, nil)
	thaw := freeze(t, shop, "auth")
	shop.Must(t, products, http.StatusOK, nil)
	stranger := products
	stranger.Header = map[string]string{"X-Api-Key": "stoa_of-somebody-whom-nobody-can-ask-about"}
	shop.Try(t, stranger).Expect(t, http.StatusServiceUnavailable, "unavailable")
	shop.Await(t, order, http.StatusServiceUnavailable) // the key was used too long ago to change anything
	shop.Must(t, products, http.StatusOK, nil)
	thaw()
	shop.Await(t, order, http.StatusUnauthorized)
}

func TestGateway_forwardsHead(t *testing.T) {
	for path, status := range map[string]int{
		"/products": 200, "/auth/.well-known/jwks.json": 200, "/orders": 401, "/products/unknown": 422, "/nowhere": 404,
	} {
		answer := shop.Try(t, client.Request{Method: "HEAD", Path: path})
		if answer.Status != status || len(answer.Body) > 0 {
			t.Errorf("HEAD %s: got %s, want %d", path, answer, status)
		}
	}
}
