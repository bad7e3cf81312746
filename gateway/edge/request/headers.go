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

// Forwards reports whether an app gets this request header.
func Forwards(name string) bool {
	return slices.Contains(forwarded, http.CanonicalHeaderKey(name))
}

// Forwarded returns the headers of a request that go on to its app. A header that Connection names is for the next hop
// alone, whatever its name.
func Forwarded(r *http.Request) http.Header {
	hops := hopHeaders(r.Header)
	out := make(http.Header, len(forwarded)+4)
	for _, name := range forwarded {
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
