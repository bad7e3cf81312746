package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"stoa/test/client"
	"stoa/test/system"
)

// What the gateway keeps of the catalogue, it keeps for a second, for those who did not say who they are.
func TestCache_keepsTheCatalogueForAMoment(t *testing.T) {
	customer, staff := shop.SignUp(t), shop.SignIn(t, "staff")
	product := shop.NewProduct(t, staff, 5)
	read := func(as client.User, headers ...string) client.Answer {
		request := client.Request{Method: "GET", Path: "/products/" + product.ID, As: as, Header: map[string]string{"Cache-Control": ""}}
		for i := 0; i < len(headers); i += 2 {
			request.Header[headers[i]] = headers[i+1]
		}
		return shop.Try(t, request)
	}
	from := func(a client.Answer) string { return a.Header.Get("X-Cache-Status") }

	var first client.Answer
	system.Eventually(t, "an answer is read twice within a second", func() error {
		first = read(client.User{})
		if again := read(client.User{}); from(again) != "Hit" || again.Header.Get("Age") == "" {
			return fmt.Errorf("got %s from %q", again, from(again))
		}
		return nil
	})
	etag := first.Header.Get("ETag")
	if etag == "" || first.Header.Get("Cache-Control") != "private, max-age=1" {
		t.Errorf("got %v", first.Header)
	}
	if same := read(client.User{}, "If-None-Match", etag); same.Status != http.StatusNotModified || len(same.Body) > 0 {
		t.Errorf("got %s, want 304", same)
	}
	for name, passing := range map[string]client.Answer{
		"signed in": read(customer), "no-cache": read(client.User{}, "Cache-Control", "no-cache"),
	} {
		if from(passing) != "Bypass" {
			t.Errorf("%s: got an answer from %q", name, from(passing))
		}
	}
	// Through both sidecars, for those whom the gateway does not answer itself.
	if same := read(customer, "If-None-Match", etag); same.Status != http.StatusNotModified || same.Header.Get("ETag") != etag {
		t.Errorf("got %s, want 304", same)
	}

	shop.Must(t, client.Request{
		Method: "POST", Path: "/products/" + product.ID + "/stock", As: staff, Body: map[string]int{"change": 1},
	}, http.StatusOK, nil)
	if changed := read(customer, "If-None-Match", etag); changed.Status != http.StatusOK {
		t.Errorf("got %s after the stock changed", changed)
	}
	system.Eventually(t, "the kept answer is forgotten", func() error {
		if answer := read(client.User{}, "If-None-Match", etag); answer.Status != http.StatusOK {
			return fmt.Errorf("got %s", answer)
		}
		return nil
	})
}
