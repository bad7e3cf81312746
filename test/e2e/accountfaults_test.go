package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"syscall"
	"testing"

	"stoa/internal/stack"
	"stoa/test/client"
)

// What ended stays ended after auth is killed, and what did not goes on.
func TestSessions_stayEndedAfterAKill(t *testing.T) {
	t.Parallel()
	shop := client.Start(t, t.TempDir())
	email := address(t)
	here, out, other := signUp(t, shop, email), signIn(t, shop, email, password), signIn(t, shop, email, password)
	shop.Must(t, client.Request{Method: "DELETE", Path: "/auth/signout", As: out.user()}, http.StatusNoContent, nil)
	shop.Must(t, client.Request{Method: "DELETE", Path: "/auth/sessions", As: here.user()}, http.StatusNoContent, nil)
	for _, name := range []string{"auth", "auth.sidecar"} {
		processes := shop.Processes()
		killed := processes[slices.IndexFunc(processes, func(p stack.Process) bool { return p.Name == name })]
		if err := shop.Signal(name, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		client.Eventually(t, name+" is back", func() error { return client.Replaced(shop.Stack, killed) })
	}
	// The sidecars that call auth find its new one in a moment.
	client.Eventually(t, "auth answers", func() error {
		answer, err := shop.Do(t.Context(), profileOf(here.user()))
		if err == nil && answer.Status != http.StatusOK {
			err = fmt.Errorf("got %s", answer)
		}
		return err
	})
	for _, ended := range []tokens{out, other} {
		shop.Must(t, refreshOf(ended.RefreshToken), http.StatusUnauthorized, nil)
		shop.Must(t, profileOf(ended.user()), http.StatusUnauthorized, nil)
	}
	shop.Must(t, refreshOf(here.RefreshToken), http.StatusOK, nil)
}

// What cannot be published now is not lost: a sign-up is refused and may be repeated, a password is changed and its owner
// told later.
func TestAccounts_waitForTheBroker(t *testing.T) {
	t.Parallel()
	shop := client.Start(t, t.TempDir())
	up := signUp(t, shop, address(t))
	body := map[string]string{"email": address(t), "password": password, "name": "Eve"}
	again := client.Request{Method: "POST", Path: "/auth/signup/basic", Body: body}
	if err := shop.Freeze("broker"); err != nil {
		t.Fatal(err)
	}
	refused := shop.Must(t, again, http.StatusServiceUnavailable, nil)
	if refused.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	change := map[string]string{"current": password, "new": "battery staple"}
	shop.Must(t, client.Request{Method: "PUT", Path: "/auth/password", As: up.user(), Body: change}, http.StatusNoContent, nil)
	if err := shop.Thaw("broker"); err != nil {
		t.Fatal(err)
	}
	var eve tokens
	client.Eventually(t, "the sign-up goes through", func() error {
		answer, err := shop.Do(t.Context(), again)
		if err != nil || answer.Status != http.StatusCreated {
			return fmt.Errorf("got %s, %v", answer, err)
		}
		return json.Unmarshal(answer.Body, &eve)
	})
	awaitNotice(t, shop, eve.user(), "account-registered")
	awaitNotice(t, shop, up.user(), "account-password-changed")
}
