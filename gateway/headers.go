package main

import (
	"net/http"
	"net/http/httputil"
	"regexp"
	"strings"

	"stoa/gateway/edge/request"
)

// rewrite makes the request for the app. The trace goes on in the transport. X-Forwarded-For is the one address that we
// found: auth counts wrong passwords by it. Trailers are headers by another way, so none of them goes on.
func (p *proxy) rewrite(r *httputil.ProxyRequest) {
	caller := callerOf(r.In)
	headers := request.Forwarded(r.In, caller.browser)
	p.described.put(r.In, headers)
	headers.Set("X-Forwarded-For", caller.address.String())
	headers.Set("X-Forwarded-Host", r.In.Host)
	headers.Set("X-Forwarded-Proto", "http")
	if caller.secure {
		headers.Set("X-Forwarded-Proto", "https")
	}
	r.Out.Header, r.Out.Trailer = headers, nil
}

// hsts is for HTTPS only: over plain HTTP a browser ignores it.
const hsts = "Strict-Transport-Security"

// safeHeaders keep a browser from doing more with an answer than to read it.
var safeHeaders = map[string]string{
	"X-Content-Type-Options":  "nosniff",
	"Referrer-Policy":         "no-referrer",
	"X-Frame-Options":         "DENY",
	"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
	"Cache-Control":           "no-store",
	hsts:                      "max-age=31536000",
}

// secured adds the safe headers to each answer, unless it has its own.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&securedWriter{ResponseWriter: w, caller: callerOf(r)}, r)
	})
}

type securedWriter struct {
	http.ResponseWriter
	caller *caller
	sent   bool
}

// WriteHeader adds the headers at the last moment, when those of the answer are set.
func (w *securedWriter) WriteHeader(status int) {
	if !w.sent && status >= http.StatusOK {
		w.sent = true
		w.keepPrivate()
		for name, value := range safeHeaders {
			if w.Header().Get(name) == "" && (w.caller.secure || name != hsts) {
				w.Header().Set(name, value)
			}
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// sharedAge is the directive that is for shared caches alone.
var sharedAge = regexp.MustCompile(`(?i)(,\s*)?\bs-maxage=[^,]*`)

// keepPrivate changes what services mark as public for our cache: in a shared cache outside, an answer that needs an API key
// would be there for everybody.
func (w *securedWriter) keepPrivate() {
	if said := w.Header().Get("Cache-Control"); w.caller.keyed && strings.HasPrefix(strings.ToLower(said), "public") {
		w.Header().Set("Cache-Control", "private"+sharedAge.ReplaceAllString(said[len("public"):], ""))
	}
}

// Write sends the headers first.
func (w *securedWriter) Write(b []byte) (int, error) {
	if !w.sent {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *securedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
