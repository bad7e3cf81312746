package e2e

import (
	"net/http"
	"testing"

	"stoa/test/client"
)

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
