package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"stoa/gateway/edge/request"
	"stoa/pkg/common/errs"
)

func TestAccess_letsThroughWhatTheKeyAllows(t *testing.T) {
	shop, anybody := settings(""), `{"anonymous": true, "verification_urls": null, "permission": null}`
	anyKey := fmt.Sprintf(`{"verification_urls": [%q], "permission": null, "timeout_ms": null}`, auth1)
	tests := []struct {
		name, settings, method, key string
		want                        errs.Kind
	}{
		{"a valid key", shop, http.MethodGet, shopKey, ""},
		{"a valid key, to write", shop, http.MethodPost, shopKey, ""},
		{"no key", shop, http.MethodGet, "", errs.Unauthenticated},
		{"an unknown key", shop, http.MethodGet, "made-up", errs.Forbidden},
		{"a key far too long", shop, http.MethodGet, strings.Repeat("x", 300), errs.Forbidden},
		{"a key to read, reading", shop, http.MethodGet, readKey, ""},
		{"a key to read, writing", shop, http.MethodPut, readKey, errs.Forbidden},
		{"a key where no permission is needed", anyKey, http.MethodPost, readKey, ""},
		{"no key where none is needed", anybody, http.MethodPost, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := configured(t, plugin(newAuth()), tt.settings)
			env := call(t, tt.method, "/api/v1/products", "X-Api-Key", tt.key)
			expect(t, c, env, tt.want)
		})
	}
}

func TestAccess_namesTheMissingPermission(t *testing.T) {
	c := configured(t, plugin(newAuth()), settings(""))
	env := call(t, http.MethodPost, "/api/v1/products", "X-Api-Key", readKey)
	expect(t, c, env, errs.Forbidden)
	if body := string(env.ClientRes.Body); !strings.Contains(body, "shop:write") {
		t.Errorf("the missing permission is not named: %s", body)
	}
	if got := env.ClientRes.Headers.Get("Cache-Control"); got != "no-store" {
		t.Errorf("a refusal may be cached: %q", got)
	}
}

func TestPass_forwardsOnlyListedHeaders(t *testing.T) {
	c := configured(t, plugin(newAuth()), settings(""))
	env := call(t, http.MethodPost, "/api/v1/orders",
		"X-Api-Key", shopKey, "Authorization", "Bearer t", "Idempotency-Key", "k", "Content-Type", "application/json",
		"X-Request-Id", "r", "Accept", "application/json", "Content-Length", "2", "Host", "kong",
		"Dapr-App-Id", "auth", "dapr_app_id", "auth", "Dapr-Api-Token", "guess", "Dapr-Caller-App-Id", "order-worker",
		"X-User-Id", "admin", "X-Roles", "ADMIN", "Cookie", "a=b", "Forwarded", "for=10.0.0.1",
		"Connection", "Prefer", "Prefer", "respond-async")
	expect(t, c, env, "")
	want := http.Header{
		"Authorization": {"Bearer t"}, "Idempotency-Key": {"k"}, "Content-Type": {"application/json"},
		"X-Request-Id": {"r"}, "Accept": {"application/json"}, "Content-Length": {"2"}, "Host": {"kong"},
		"Connection": {"Prefer"}, // Kong writes its own
		tokenHeader:  {"sidecar"},
	}
	if got := env.ServiceReq.Headers; !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestPass_sendsTheKeyOnlyToItsVerification(t *testing.T) {
	for path, want := range map[string]string{"/api/v1/auth/verify/apikey": shopKey, "/api/v1/auth/profile/mine": ""} {
		c := configured(t, plugin(newAuth()), settings(""))
		env := call(t, http.MethodGet, path, "X-Api-Key", shopKey)
		expect(t, c, env, "")
		if got := env.ServiceReq.Headers.Get("X-Api-Key"); got != want {
			t.Errorf("%s: got the key %q, want %q", path, got, want)
		}
	}
}

// Of the cookies, only ours.
func TestPass_forwardsWhatBrowsersSendToTheirApp(t *testing.T) {
	sent := []string{"Cookie", "other=1; stoa-session=2", "Origin", "https://shop.example", "Sec-Fetch-Site", "same-origin", "Hx-Request", "true", "X-User-Id", "admin"}
	c := configured(t, plugin(newAuth()), `{"anonymous": true, "browser": true}`)
	env := call(t, http.MethodPost, "/cart", sent...)
	expect(t, c, env, "")
	want := http.Header{
		"Cookie": {"stoa-session=2"}, "Origin": {"https://shop.example"}, "Sec-Fetch-Site": {"same-origin"}, "Hx-Request": {"true"},
		tokenHeader: {"sidecar"},
	}
	if got := env.ServiceReq.Headers; !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	env = call(t, http.MethodPost, "/cart", "Cookie", "other=1")
	expect(t, c, env, "")
	if got := env.ServiceReq.Headers.Values("Cookie"); len(got) > 0 {
		t.Errorf("a cookie of another program: %v", got)
	}
	env = call(t, http.MethodPost, "/mail/unsubscribe", sent...)
	expect(t, configured(t, plugin(newAuth()), `{"anonymous": true}`), env, "")
	if got := env.ServiceReq.Headers; len(got) != 1 {
		t.Errorf("another app got %v", got)
	}
}

func TestPass_asksForProblemsOfStreams(t *testing.T) {
	c := configured(t, plugin(newAuth()), settings(""))
	env := call(t, http.MethodGet, "/api/v1/orders/1/events", "X-Api-Key", shopKey, "Accept", "text/event-stream")
	expect(t, c, env, "")
	if got := env.ServiceReq.Headers.Get("Accept"); got != request.StreamAccept {
		t.Errorf("got Accept %q", got)
	}
}

// The PDK's own test environment cannot send these: it reads the URL before the plugin does.
func TestAdmit_refusesWhatCannotBeRead(t *testing.T) {
	many := map[string][]string{"dapr-app-id": {"auth"}, "a": slices.Repeat([]string{""}, maxHeaders)}
	tests := []struct {
		name, target, address string
		headers               map[string][]string
		want                  errs.Kind
	}{
		{"plain", "/api/v1/orders?limit=5", "10.1.2.3", nil, ""},
		{"an address of IPv6", "/api/v1/orders", "2001:db8::1", nil, ""},
		{"dots", "/api/v1/orders/../auth/users", "10.1.2.3", nil, errs.NotFound},
		{"encoded dots", "/api/v1/orders/%2e%2e/auth/users", "10.1.2.3", nil, errs.NotFound},
		{"an encoded slash", "/api/v1/orders%2Fx", "10.1.2.3", nil, errs.NotFound},
		{"two slashes", "//api/v1/orders", "10.1.2.3", nil, errs.NotFound},
		{"an encoded end of the path", "/api/v1/orders/x%23", "10.1.2.3", nil, errs.Malformed},
		{"a null byte", "/api/v1/orders/x%00", "10.1.2.3", nil, errs.Malformed},
		{"a broken escape", "/api/v1/orders/%zz", "10.1.2.3", nil, errs.Malformed},
		{"a broken query", "/api/v1/orders?limit=%zz", "10.1.2.3", nil, errs.Malformed},
		{"a path of two encodings", "/api/v1/orders/%252e%252e", "10.1.2.3", nil, errs.Malformed},
		{"more headers than are shown", "/api/v1/orders", "10.1.2.3", many, errs.Malformed},
		{"no address", "/api/v1/orders", "", nil, errs.Internal},
	}
	c := configured(t, plugin(newAuth()), `{"anonymous": true}`)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in, err := newReceived(http.MethodGet, tt.target, tt.address, tt.headers)
			if err == nil {
				err = c.admit(in, http.Header{})
			}
			if got := errs.KindOf(err); got != tt.want {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
		})
	}
}
