package main

import (
	"net/http"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
)

func TestPages_needNoKey(t *testing.T) {
	gateway := start(t, unused(t))
	answer := do(t, http.MethodGet, gateway+"/docs", nil, "X-Api-Key", "")
	if answer.StatusCode != http.StatusOK || !strings.Contains(answer.body, "<h1>Stoa") ||
		!strings.Contains(answer.Header.Get("Content-Security-Policy"), "script-src 'self'") || answer.Header.Get("X-Frame-Options") != "DENY" {
		t.Errorf("got %d of %s, %v", answer.StatusCode, answer.Request.URL, answer.Header)
	}
	do(t, http.MethodPost, gateway+"/docs", nil).wantProblem(errs.MethodNotAllowed)
}

// Only the app for browsers gets what they send, and no cookies of other programs.
func TestPages_passOnWhatBrowsersSend(t *testing.T) {
	var got http.Header
	gateway := start(t, func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Clone() })
	sent := []string{
		"X-Api-Key", "", "Cookie", "other=1; stoa-session=2", "Origin", "http://shop.example", "Sec-Fetch-Site", "same-origin", "HX-Request", "true",
	}
	do(t, http.MethodPost, gateway+"/cart", nil, sent...)
	for name, want := range map[string]string{
		"Dapr-App-Id": "web", "Cookie": "stoa-session=2", "Origin": "http://shop.example", "Sec-Fetch-Site": "same-origin", "Hx-Request": "true",
		"X-Forwarded-Host": strings.TrimPrefix(gateway, "http://"),
	} {
		if got.Get(name) != want {
			t.Errorf("%s: got %q, want %q", name, got.Get(name), want)
		}
	}
	do(t, http.MethodGet, gateway+"/mail/unsubscribe", nil, sent...)
	for _, name := range []string{"Cookie", "Origin", "Sec-Fetch-Site", "Hx-Request"} {
		if got.Get("Dapr-App-Id") != "notification" || got.Get(name) != "" {
			t.Errorf("%s got %s: %q", got.Get("Dapr-App-Id"), name, got.Get(name))
		}
	}
}

// A guest's page stays in the cache while others are signed in, and each language has its own.
func TestPages_areCachedForGuests(t *testing.T) {
	asked := 0
	gateway := start(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Vary", "Cookie, Accept-Language")
		w.Header().Set("Cache-Control", "private, no-cache")
		if r.Header.Get("Cookie") == "" {
			w.Header().Set("Cache-Control", "public, max-age=0, s-maxage=60")
		}
		_, _ = w.Write([]byte(r.Header.Get("Cookie") + r.Header.Get("Accept-Language")))
	})
	for _, step := range []struct {
		cookie, language, body, from string
		asked                        int
	}{
		{"other=1", "en", "en", "Miss", 1},
		{"", "en", "en", "Hit", 1},
		{"stoa-session=2", "en", "stoa-session=2en", "Bypass", 2},
		{"", "en", "en", "Hit", 2},
		{"", "de", "de", "Miss", 3},
	} {
		answer := do(t, http.MethodGet, gateway+"/", nil, "X-Api-Key", "", "Cookie", step.cookie, "Accept-Language", step.language)
		if from := answer.Header.Get("X-Cache-Status"); answer.body != step.body || from != step.from || asked != step.asked {
			t.Errorf("%+v: got %s %q after %d questions", step, from, answer.body, asked)
		}
	}
}

func TestPages_showErrorsToPeople(t *testing.T) {
	gateway := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cart" { // an error page of the app
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte("of the app"))
			return
		}
		web.WriteError(w, r, errs.New(errs.Unavailable, "a <service> rests"))
	})
	accept := []string{"X-Api-Key", "", "Accept", "text/html,application/xhtml+xml"}
	if answer := do(t, http.MethodGet, gateway+"/cart", nil, accept...); answer.StatusCode != http.StatusNotFound || answer.body != "of the app" {
		t.Errorf("got %d %s", answer.StatusCode, answer.body)
	}
	for path, status := range map[string]int{"/orders": http.StatusServiceUnavailable, "/there-is-no-such-page": http.StatusNotFound} {
		answer := do(t, http.MethodGet, gateway+path, nil, accept...)
		if answer.StatusCode != status || !strings.HasPrefix(answer.Header.Get("Content-Type"), htmlType) || strings.Contains(answer.body, "<service>") ||
			strings.Contains(answer.body, "http-equiv=\"refresh\"") != (status == http.StatusServiceUnavailable) {
			t.Errorf("%s: got %d %v %s", path, answer.StatusCode, answer.Header, answer.body)
		}
	}
	do(t, http.MethodGet, gateway+"/orders", nil, "Accept", "application/json").wantProblem(errs.Unavailable)
}
