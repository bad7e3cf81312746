package hostile

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stoa/internal/stack/state"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// Someone who signs up with the address of a stranger can make the shop mail the code there, and nothing else.
func TestSignUp_withAStrangersAddressMailsOnlyTheCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop)
	eve := w.SignUpOnly(t)
	post := w.NewPost(t, w.SignIn(t, "author"), w.SignIn(t, "editor"))
	for n := range 30 {
		w.Must(t, client.Request{Method: "DELETE", Path: "/auth/sessions", As: eve}, http.StatusNoContent, nil)
		name := object{"name": fmt.Sprintf("Your parcel is held, pay at https://example.net/%d", n)}
		w.Must(t, client.Request{Method: "PATCH", Path: "/auth/profile/mine", As: eve, Body: name}, http.StatusOK, nil)
		for _, request := range []client.Request{client.OrderBy(eve, w.product.ID, 1), client.CommentOn(post.ID, eve, "Buy this.")} {
			w.Must(t, request, http.StatusForbidden, nil).Expect(t, http.StatusForbidden, "address_not_verified")
		}
		w.SignInAs(t, eve.Email, client.Password) // the next round ends this session
	}
	password := object{"current": client.Password, "new": "battery staple"}
	w.Must(t, client.Request{Method: "PUT", Path: "/auth/password", As: eve, Body: password}, http.StatusNoContent, nil)
	// Once the last of this is in the inbox, there would have been a mail.
	system.Eventually(t, "the inbox tells of the new password", func() error {
		var inbox struct{ Items []struct{ Kind string } }
		w.Must(t, client.Request{Method: "GET", Path: "/notifications", As: eve}, http.StatusOK, &inbox)
		if len(inbox.Items) == 0 || inbox.Items[0].Kind != "account-password-changed" {
			return fmt.Errorf("it is %+v", inbox)
		}
		return nil
	})
	w.Must(t, client.VerificationOf(eve, w.Code(t, eve.Email)), http.StatusNoContent, nil)
	system.Eventually(t, "the mail that welcomes is there", func() error {
		if mails := mailsTo(t, w, eve.Email); len(mails) != 2 {
			return fmt.Errorf("the mails are %v", mails)
		}
		return nil
	})
}

// Nobody learns whether an address has an account by saying that its password is forgotten.
func TestForgotten_answersAlikeForEveryAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop)
	ask := func(address string) client.Answer {
		m := w.ask("POST", "/api/v1/auth/password/forgotten", client.User{}).with(text(t, object{"email": address}))
		return w.send(t, m.String())
	}
	known, nobody := w.SignUp(t).Email, client.NewAddress()
	for range 3 {
		alike(t, ask(known), ask(nobody))
	}
	for _, address := range []string{known, nobody} { // they may have to wait for another second
		ask(address).Expect(t, http.StatusTooManyRequests, "rate_limited")
	}
}

// mailsTo lists the files of the mails to an address.
func mailsTo(t *testing.T, w *world, address string) (names []string) {
	t.Helper()
	files := must.Get(filepath.Glob(state.Path(w.Dir(), "mail", "*.eml")))(t)
	for _, file := range files {
		if text := must.Get(os.ReadFile(file))(t); strings.Contains(string(text), "<"+address+">") {
			names = append(names, filepath.Base(file))
		}
	}
	return names
}
