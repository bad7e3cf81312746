package request

import (
	"net/http"
	"slices"
	"strings"

	"stoa/pkg/common/web"
)

// KeyHeader carries the API key.
const KeyHeader = "X-Api-Key"

// VerifyKeyPath is where auth says whether an API key is valid, to the gateway and to the owner of a key. Only there auth
// gets the key.
const VerifyKeyPath = "/api/v1/auth/verify/apikey"

// StreamAccept is sent for server-sent events: for the plain "text/event-stream" a sidecar turns every error of the app
// into a 500.
const StreamAccept = "text/event-stream, application/problem+json"

// forwarded are the request headers that an app gets. All others stay here: the API key, headers for sidecars, and those
// with which a client could pretend to be someone else.
var forwarded = []string{
	"Accept", "Accept-Language", "Authorization", "Cache-Control", "Content-Type", "Idempotency-Key", "If-Match",
	"If-None-Match", "Last-Event-Id", "Prefer", "User-Agent", "X-Request-Id",
}

// browsing are the request headers that only the app for browsers gets, beside its cookies: where a request comes from, which
// scripts cannot change, and what htmx says about it.
var browsing = []string{
	"Hx-Boosted", "Hx-Current-Url", "Hx-History-Restore-Request", "Hx-Request", "Hx-Request-Type", "Hx-Source", "Hx-Target",
	"Origin", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Fetch-User",
}

// cookies has the cookies of a request.
const cookies = "Cookie"

// Forwards reports whether apps get this request header.
func Forwards(name string) bool {
	name = http.CanonicalHeaderKey(name)
	return slices.Contains(forwarded, name) || slices.Contains(browsing, name)
}

// Forwarded returns the headers of a request that go on to its app, which may be the one for browsers. A header that
// Connection names is for the next hop alone, whatever its name.
func Forwarded(r *http.Request, browser bool) http.Header {
	names := forwarded
	if browser {
		names = slices.Concat(forwarded, browsing, []string{cookies})
	}
	hops := hopHeaders(r.Header)
	out := make(http.Header, len(names)+4)
	for _, name := range names {
		if values := r.Header.Values(name); len(values) > 0 && !slices.Contains(hops, name) {
			out[name] = values
		}
	}
	if web.IsStream(r) {
		out.Set("Accept", StreamAccept)
	}
	if r.URL.Path == VerifyKeyPath {
		out.Set(KeyHeader, r.Header.Get(KeyHeader))
	}
	return out
}

// ownCookies are how the names of our cookies begin.
var ownCookies = []string{"stoa-", "__Host-stoa-"}

// KeepOwnCookies leaves of the cookies in the headers of a request only ours. Browsers send those of all programs on a host,
// whatever their ports.
func KeepOwnCookies(headers http.Header) {
	var own []string
	for _, cookie := range (&http.Request{Header: headers}).Cookies() {
		isOurs := func(prefix string) bool { return strings.HasPrefix(cookie.Name, prefix) }
		if slices.ContainsFunc(ownCookies, isOurs) {
			own = append(own, cookie.Name+"="+cookie.Value)
		}
	}
	headers.Del(cookies)
	if len(own) > 0 {
		headers.Set(cookies, strings.Join(own, "; "))
	}
}

// hopHeaders returns the names that Connection lists.
func hopHeaders(in http.Header) []string {
	var names []string
	for _, line := range in.Values("Connection") {
		for name := range strings.SplitSeq(line, ",") {
			names = append(names, http.CanonicalHeaderKey(strings.TrimSpace(name)))
		}
	}
	return names
}

// Tidy drops from an answer what sidecars add to it, and the request id, which the gateway has set already.
func Tidy(headers http.Header) {
	for name := range headers {
		if strings.HasPrefix(name, "Dapr-") {
			headers.Del(name)
		}
	}
	for _, name := range []string{"Traceparent", "Tracestate", "Grpc-Trace-Bin", "X-Request-Id"} {
		headers.Del(name)
	}
}
