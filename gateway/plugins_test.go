package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"stoa/gateway/edge/apikey"
	"stoa/gateway/edge/request"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
)

// declared is a kong.yml with two services and the plugins of a test, for all routes and for those of /b.
func declared(global, ofB string) string {
	return fmt.Sprintf(`
_format_version: "3.0"
services:
  - {name: a, url: &url http://localhost:3600/v1.0/invoke/a/method, retries: 0, connect_timeout: 1, write_timeout: 1, read_timeout: 8000,
     routes: [{name: a, paths: [/a], methods: [GET, POST, OPTIONS], strip_path: false}, {name: a2, paths: [/aa], methods: [GET], strip_path: false}]}
  - {name: b, url: *url, retries: 0, connect_timeout: 1, write_timeout: 1, read_timeout: 8000,
     routes: [{name: b, paths: [/b], methods: [GET, POST, OPTIONS], strip_path: false, plugins: [%s]}]}
plugins: [%s]`, ofB, global)
}

// get sends GET and returns the status with the limit headers, as in "200 3/2".
func get(t *testing.T, url string, headers ...string) string {
	t.Helper()
	answer := do(t, http.MethodGet, url, nil, headers...)
	return fmt.Sprintf("%d %s/%s", answer.StatusCode, answer.Header.Get("RateLimit-Limit"), answer.Header.Get("RateLimit-Remaining"))
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

const key = "{name: stoa-api-key, config: {permission: %q, limit_per_minute: %d}}"

func TestAPIKey_allowsWhatItsPermissionsAllow(t *testing.T) {
	reader := func(context.Context, string) (apikey.Grant, error) {
		return apikey.Grant{KeyID: "1", Permissions: []string{"shop:read"}}, nil
	}
	gateway := rig{routes: declared(fmt.Sprintf(key, "", 0), fmt.Sprintf(key, "shop", 0)), ask: reader}.start(t, empty)
	for _, tt := range []struct {
		method, path string
		want         int
	}{{"POST", "/a", 200}, {"GET", "/b", 200}, {"HEAD", "/b", 200}, {"POST", "/b", 403}} {
		answer := do(t, tt.method, gateway+tt.path, nil)
		if answer.StatusCode != tt.want || tt.want == 403 && !strings.Contains(answer.body, "shop:write") {
			t.Errorf("%s %s: got %d %s", tt.method, tt.path, answer.StatusCode, answer.body)
		}
	}
}

// The answer shows the tighter limit, of the key or of the address.
func TestAPIKey_hasOneLimitForAllRoutes(t *testing.T) {
	each := func(_ context.Context, key string) (apikey.Grant, error) { return apikey.Grant{KeyID: key}, nil }
	plugins := fmt.Sprintf(hourly, 100, "ip") + "," + fmt.Sprintf(key, "", 50)
	gateway := rig{routes: declared(plugins, fmt.Sprintf(key, "", 20)), ask: each}.start(t, empty)
	expect(t, "first", get(t, gateway+"/a"), "200 50/49")
	// A minute may end in between, so that the limit is met in one of the two at least.
	answers := map[string]bool{}
	for range 2*20 + 2 {
		answers[get(t, gateway+"/b")] = true
	}
	if !answers["429 20/0"] {
		t.Errorf("nothing is beyond the limit: %v", answers)
	}
	if got := get(t, gateway+"/a", "x-api-key", "another"); !strings.HasPrefix(got, "200 ") {
		t.Errorf("another key: got %q", got)
	}
}

const pages = "{name: cors, config: {origins: [%s], methods: [GET, POST], headers: [X-Api-Key], exposed_headers: [ETag], credentials: %t, max_age: 60}}"

func TestCORS_answersPreflightsWithoutAKey(t *testing.T) {
	plugins := fmt.Sprintf(pages, `"https://a.example", "https://b.example"`, true) + "," + fmt.Sprintf(key, "shop", 0)
	gateway := rig{routes: declared(plugins, "")}.start(t, unused(t))
	preflight := func(origin, method, header string) http.Header {
		answer := do(t, http.MethodOptions, gateway+"/a", nil, "Origin", origin, "X-Api-Key", "",
			"Access-Control-Request-Method", method, "Access-Control-Request-Headers", header)
		expect(t, "the status", answer.Status, "204 No Content")
		return answer.Header
	}
	granted := preflight("https://b.example", "POST", "x-api-key")
	for name, want := range map[string]string{
		"Origin": "https://b.example", "Methods": "POST", "Headers": "x-api-key", "Credentials": "true",
	} {
		expect(t, name, granted.Get("Access-Control-Allow-"+name), want)
	}
	expect(t, "Max-Age", granted.Get("Access-Control-Max-Age"), "60")
	for _, refused := range []http.Header{
		preflight("https://evil.example", "POST", "x-api-key"), preflight("null", "POST", "x-api-key"),
		preflight("https://b.example", "PUT", "x-api-key"), preflight("https://b.example", "POST", "x-other"),
	} {
		expect(t, "who may", refused.Get("Access-Control-Allow-Origin"), "")
	}
}

func TestCORS_letsPagesReadErrorsToo(t *testing.T) {
	plugins := fmt.Sprintf(pages, `"*"`, false) + "," + fmt.Sprintf(key, "shop", 0)
	gateway := rig{routes: declared(plugins, "")}.start(t, empty)
	for key, status := range map[string]int{goodKey: 200, "": 401, "invented": 403} {
		answer := do(t, http.MethodGet, gateway+"/a", nil, "Origin", "https://a.example", "X-Api-Key", key)
		if answer.StatusCode != status {
			t.Errorf("%q: got %d", key, answer.StatusCode)
		}
		expect(t, key, answer.Header.Get("Access-Control-Allow-Origin"), "*")
		expect(t, key, answer.Header.Get("Access-Control-Expose-Headers"), "Etag")
	}
}

func TestSizeLimiting_refusesLargerBodies(t *testing.T) {
	small := "{name: request-size-limiting, config: {allowed_payload_size: 10, size_unit: bytes, require_content_length: true}}"
	gateway := rig{routes: declared("", small)}.start(t, empty)
	for _, tt := range []struct {
		path string
		size int
		want errs.Kind
	}{{"/b", 10, ""}, {"/b", 11, errs.TooLarge}, {"/a", 11, ""}} {
		answer := do(t, http.MethodPost, gateway+tt.path, strings.NewReader(strings.Repeat("x", tt.size)))
		if tt.want != "" {
			answer.wantProblem(tt.want)
		} else if answer.StatusCode != http.StatusOK {
			t.Errorf("%d bytes to %s: got %d", tt.size, tt.path, answer.StatusCode)
		}
	}
	unknown := struct{ *strings.Reader }{strings.NewReader("{}")}
	do(t, http.MethodPost, gateway+"/b", unknown).wantProblem(errs.Malformed)
}

func TestSecured_asksForHTTPSOnlyOverHTTPS(t *testing.T) {
	var proxies request.Proxies
	must.Do(t, proxies.Decode("127.0.0.1"))
	for name, tt := range map[string]struct {
		rig  rig
		want string
	}{"forged": {rig{}, ""}, "trusted": {rig{proxies: proxies}, "max-age=31536000"}} {
		gateway := tt.rig.start(t, empty)
		answer := do(t, http.MethodGet, gateway+"/nowhere", nil, "X-Forwarded-Proto", "https")
		expect(t, name, answer.Header.Get("Strict-Transport-Security"), tt.want)
	}
}
