package main

import (
	"net/http"
	"net/http/httputil"
	"strings"

	"stoa/pkg/common/web"
)

// forwarded are the request headers that an app gets to see. What is not listed stays here: the API key, headers that
// speak to sidecars, and those with which a client could claim to be somebody. The trace goes on in the transport.
var forwarded = []string{
	"Accept", "Accept-Language", "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match",
	"Last-Event-Id", "Prefer", "User-Agent", "X-Request-Id",
}

// streamAccept is sent for server-sent events. To the plain "text/event-stream" a sidecar has an answer of its own: it
// turns every error of the app into a 500.
const streamAccept = "text/event-stream, application/problem+json"

// rewrite makes the request for the app. One operation is about the API key itself and gets to see it.
func rewrite(r *httputil.ProxyRequest) {
	headers := make(http.Header, len(forwarded)+3)
	for _, name := range forwarded {
		if values := r.In.Header.Values(name); len(values) > 0 {
			headers[name] = values
		}
	}
	if web.IsStream(r.In) {
		headers.Set("Accept", streamAccept)
	}
	if r.In.URL.Path == verifyKeyPath {
		headers.Set(keyHeader, r.In.Header.Get(keyHeader))
	}
	r.Out.Header = headers
	r.SetXForwarded()
}

// tidy drops what sidecars add to an answer, and the request id, which is on our answer already.
func tidy(headers http.Header) {
	for name := range headers {
		if strings.HasPrefix(name, "Dapr-") {
			headers.Del(name)
		}
	}
	for _, name := range []string{"Traceparent", "Tracestate", "Grpc-Trace-Bin", "X-Request-Id"} {
		headers.Del(name)
	}
}

// secured adds the headers that keep a browser from doing more with an answer than to read it, wherever the answer
// does not say otherwise itself.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&securedWriter{ResponseWriter: w}, r)
	})
}

type securedWriter struct {
	http.ResponseWriter
	sent bool
}

// WriteHeader adds the headers at the last moment, when the answer has said what it has to say.
func (w *securedWriter) WriteHeader(status int) {
	if !w.sent && status >= http.StatusOK {
		w.sent = true
		for name, value := range map[string]string{
			"X-Content-Type-Options":  "nosniff",
			"Referrer-Policy":         "no-referrer",
			"X-Frame-Options":         "DENY",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
			"Cache-Control":           "no-store",
		} {
			if w.Header().Get(name) == "" {
				w.Header().Set(name, value)
			}
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write sends the headers first if nobody has.
func (w *securedWriter) Write(b []byte) (int, error) {
	if !w.sent {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *securedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
