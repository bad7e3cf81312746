package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"stoa/test/client"
	"stoa/test/system"
)

// leadOn sends a form, and ends the test unless that leads on. It returns where to.
func leadOn(t *testing.T, browser *client.Browser, path string, fields ...string) string {
	t.Helper()
	answer := browser.Post(t, path, fields...)
	if answer.Status != http.StatusSeeOther {
		t.Fatalf("%s: got %s", path, answer)
	}
	return answer.Header.Get("Location")
}

// From the sign-up to the end, by pages alone and without scripts.
func TestAccountPages_fromSignUpToDeletion(t *testing.T) {
	t.Parallel()
	browser, address := shop.Browser(t), client.NewAddress()
	next := leadOn(t, browser, "/sign-up", "name", "Clara Customer", "email", address, "password", client.Password)
	if next == "/account/verify" {
		leadOn(t, browser, next, "code", shop.Code(t, address))
	}
	wantPage(t, browser.Get(t, "/account"), http.StatusOK, address, "badge good")
	leadOn(t, browser, "/account", "name", "Clara Changed", "profilePicUrl", "https://pictures.example/c.png")
	wantPage(t, browser.Get(t, "/account"), http.StatusOK, "Clara Changed", "https://pictures.example/c.png")
	leadOn(t, browser, "/account/mail", "comments", "daily", "following", "never")
	wantPage(t, browser.Get(t, "/account/mail"), http.StatusOK, `name="comments" value="daily" checked`)

	const changed, set = "a changed passphrase", "a passphrase by link"
	leadOn(t, browser, "/account/password", "current", client.Password, "new", changed)
	elsewhere := shop.Browser(t)
	elsewhere.SignIn(t, address, changed)
	wantPage(t, elsewhere.Get(t, "/account/sessions"), http.StatusOK, "Sign out everywhere else")
	guest := shop.Browser(t)
	link := shop.PasswordLink(t, address)
	wantPage(t, guest.Get(t, "/forgotten?code="+link), http.StatusOK, link)
	for range 2 { // somebody clicks twice
		leadOn(t, guest, "/forgotten", "code", link, "new", set)
	}
	wantPage(t, guest.Post(t, "/forgotten", "code", link, "new", "another passphrase"), http.StatusUnprocessableEntity)
	system.Eventually(t, "all are signed out", func() error {
		for _, b := range []*client.Browser{browser, elsewhere} {
			if page := b.Get(t, "/account"); page.Status != http.StatusSeeOther {
				return fmt.Errorf("got %d", page.Status)
			}
		}
		return nil
	})

	guest.SignIn(t, address, set)
	leadOn(t, guest, "/account/data", "password", set)
	system.Eventually(t, "the data is there", func() error {
		if page := guest.Get(t, "/account/data"); !strings.Contains(string(page.Body), `name="fetch"`) {
			return fmt.Errorf("got %d", page.Status)
		}
		return nil
	})
	if file := guest.Post(t, "/account/data", "fetch", "yes"); file.Status != http.StatusOK || !strings.Contains(string(file.Body), address) ||
		strings.Contains(string(file.Body), `"links"`) {
		t.Errorf("the file is %s", file)
	}
	leadOn(t, guest, "/account/delete", "password", set)
	wantPage(t, guest.Post(t, "/sign-in", "email", address, "password", set), http.StatusUnauthorized)
}
