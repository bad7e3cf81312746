package main

import (
	"net/http"
	"net/http/httputil"

	"stoa/gateway/edge/request"
)

// rewrite makes the request for the app. The trace goes on in the transport. X-Forwarded-For is the one address that we
// found: auth counts wrong passwords by it. Trailers are headers by another way, so none of them goes on.
func (p *proxy) rewrite(r *httputil.ProxyRequest) {
	headers := request.Forwarded(r.In)
	p.keys.put(r.In, headers)
	caller := callerOf(r.In)
	headers.Set("X-Forwarded-For", caller.address.String())
	headers.Set("X-Forwarded-Host", r.In.Host)
	headers.Set("X-Forwarded-Proto", "http")
	if caller.secure {
		headers.Set("X-Forwarded-Proto", "https")
	}
	r.Out.Header, r.Out.Trailer = headers, nil
}

// secured adds the headers that keep a browser from doing more with an answer than to read it, unless the answer has its
// own.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&securedWriter{ResponseWriter: w, tls: callerOf(r).secure}, r)
	})
}

type securedWriter struct {
	http.ResponseWriter
	tls  bool
	sent bool
}

// WriteHeader adds the headers at the last moment, when those of the answer are set.
func (w *securedWriter) WriteHeader(status int) {
	if !w.sent && status >= http.StatusOK {
		w.sent = true
		w.unlessSet("X-Content-Type-Options", "nosniff")
		w.unlessSet("Referrer-Policy", "no-referrer")
		w.unlessSet("X-Frame-Options", "DENY")
		w.unlessSet("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		w.unlessSet("Cache-Control", "no-store")
		if w.tls { // over plain HTTP a browser ignores it
			w.unlessSet("Strict-Transport-Security", "max-age=31536000")
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *securedWriter) unlessSet(name, value string) {
	if w.Header().Get(name) == "" {
		w.Header().Set(name, value)
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
