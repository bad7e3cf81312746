package e2e

import (
	"net/http"
	"testing"

	"stoa/test/client"
)

// What ended stays ended after auth is killed, and what did not goes on.
func TestSessions_stayEndedAfterAKill(t *testing.T) {
	t.Parallel()
	shop := client.Borrow(t)
	here := shop.SignUp(t)
	out, other := shop.SignInAs(t, here.Email, client.Password), shop.SignInAs(t, here.Email, client.Password)
	shop.Must(t, client.Request{Method: "DELETE", Path: "/auth/signout", As: out}, http.StatusNoContent, nil)
	shop.Must(t, client.Request{Method: "DELETE", Path: "/auth/sessions", As: here}, http.StatusNoContent, nil)
	shop.Kill(t, "auth")
	shop.Kill(t, "auth.sidecar")
	shop.Await(t, client.ProfileOf(here), http.StatusOK) // the sidecars that call auth find its new one in a moment
	for _, ended := range []client.User{out, other} {
		shop.Must(t, client.RefreshOf(ended), http.StatusUnauthorized, nil)
		shop.Must(t, client.ProfileOf(ended), http.StatusUnauthorized, nil)
	}
	shop.Refresh(t, here)
}

// What cannot be published now is not lost: a sign-up is refused and may be repeated, a password is changed and its owner
// told later.
func TestAccounts_waitForTheBroker(t *testing.T) {
	t.Parallel()
	shop := client.Borrow(t)
	up, again := shop.SignUp(t), client.SignUpOf(client.NewAddress(), client.Password)
	thaw := freeze(t, shop, "broker")
	shop.Try(t, again).Expect(t, http.StatusServiceUnavailable, "unavailable")
	change := map[string]string{"current": client.Password, "new": "battery staple"}
	shop.Must(t, client.Request{Method: "PUT", Path: "/auth/password", As: up, Body: change}, http.StatusNoContent, nil)
	thaw()
	awaitNotice(t, shop, shop.Await(t, again, http.StatusCreated).User(t), "account-registered")
	awaitNotice(t, shop, up, "account-password-changed")
}
