package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"stoa/test/client"
	"stoa/test/system"
)

// wantPage ends the test unless an answer is a page with this status and these texts.
func wantPage(t *testing.T, answer client.Answer, status int, texts ...string) {
	t.Helper()
	if media := answer.Header.Get("Content-Type"); answer.Status != status || !strings.HasPrefix(media, "text/html") {
		t.Fatalf("got %s, %s, want a page with %d", answer, media, status)
	}
	for _, text := range texts {
		if !strings.Contains(string(answer.Body), text) {
			t.Errorf("the page does not show %q: %s", text, answer.Body)
		}
	}
}

func TestPages_showTheShopToGuests(t *testing.T) {
	t.Parallel()
	product := shop.NewProduct(t, shop.SignIn(t, "staff"), 3)
	guest := shop.Browser(t)
	system.Eventually(t, "the new product is in the shop", func() error {
		if page := guest.Get(t, "/products"); !strings.Contains(string(page.Body), product.ID) {
			return fmt.Errorf("got %d", page.Status)
		}
		return nil
	})
	wantPage(t, guest.Get(t, "/"), http.StatusOK, "<h1>")
	wantPage(t, guest.Get(t, "/products/"+product.ID), http.StatusOK, product.Name, "3 pieces in stock")
	wantPage(t, guest.Get(t, "/blog"), http.StatusOK)
	wantPage(t, guest.Get(t, "/blog/there-is-no-such-post"), http.StatusNotFound, "There is nothing here")
	wantPage(t, guest.Get(t, "/there-is-no-such-page"), http.StatusNotFound)
	if len(guest.Cookies()) > 0 {
		t.Errorf("a guest has cookies: %v", guest.Cookies())
	}
}

// A guest's page stays in the gateway's cache while somebody else is signed in.
func TestPages_areCachedForGuests(t *testing.T) {
	t.Parallel()
	customer := shop.SignUp(t)
	signedIn, guest := shop.Browser(t), shop.Browser(t)
	signedIn.SignIn(t, customer.Email, client.Password)
	system.Eventually(t, "a guest's page comes from the cache", func() error {
		own := signedIn.Get(t, "/products")
		if from := own.Header.Get("X-Cache-Status"); from != "Bypass" || own.Header.Get("Cache-Control") != "private, no-store" {
			t.Errorf("a page of somebody: %s, %v", from, own.Header)
		}
		page := guest.Get(t, "/products")
		if strings.Contains(string(page.Body), "Clara Customer") {
			t.Error("a guest sees who is signed in elsewhere")
		}
		if from := page.Header.Get("X-Cache-Status"); from != "Hit" {
			return fmt.Errorf("it is a %s", from)
		}
		return nil
	})
}

// Who signs out elsewhere is signed out here within five seconds.
func TestPages_noticeThatASessionHasEnded(t *testing.T) {
	t.Parallel()
	customer := shop.SignUp(t)
	browser := shop.Browser(t)
	browser.SignIn(t, customer.Email, client.Password)
	wantPage(t, browser.Get(t, "/products"), http.StatusOK, "Clara Customer")
	shop.Must(t, client.Request{Method: "DELETE", Path: "/auth/sessions", As: customer}, http.StatusNoContent, nil)
	ended := time.Now()
	system.Eventually(t, "the page is that of a guest", func() error {
		if page := browser.Get(t, "/products"); strings.Contains(string(page.Body), "Clara Customer") {
			return fmt.Errorf("it is not after %s", time.Since(ended))
		}
		return nil
	})
	if took := time.Since(ended); took > deadWithin {
		t.Errorf("it took %s", took)
	}
	if len(browser.Cookies()) > 1 { // but what was done
		t.Errorf("the browser keeps %v", browser.Cookies())
	}
}

func TestPages_takeFormsOfTheirOwnSiteOnly(t *testing.T) {
	t.Parallel()
	customer := shop.SignUp(t)
	for name, header := range map[string]http.Header{
		"of another site":           {"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}},
		"in a browser without that": {"Origin": {"https://evil.example"}},
		"in a frame without origin": {"Origin": {"null"}},
	} {
		browser := shop.Browser(t)
		browser.Header = header
		browser.Header.Set("Accept", "text/html")
		answer := browser.Post(t, "/sign-in", "email", customer.Email, "password", client.Password)
		if wantPage(t, answer, http.StatusForbidden); len(browser.Cookies()) > 0 {
			t.Errorf("%s: somebody is signed in", name)
		}
	}
}

// auth sees from which address people come, not that of web, and which browser they use.
func TestPages_showWhereSomebodyIsSignedIn(t *testing.T) {
	t.Parallel()
	customer := shop.SignUp(t)
	browser := shop.Browser(t)
	browser.Header.Set("User-Agent", "Browser/1")
	browser.SignIn(t, customer.Email, client.Password)
	var sessions struct {
		Items []struct{ UserAgent, Address string }
	}
	shop.Must(t, client.Request{Method: "GET", Path: "/auth/sessions", As: customer}, http.StatusOK, &sessions)
	if len(sessions.Items) != 2 || sessions.Items[0].UserAgent != "Browser/1" || sessions.Items[0].Address != "127.0.0.1" {
		t.Errorf("got %+v", sessions.Items)
	}
}
