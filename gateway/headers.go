package main

import (
	"net/http"
	"net/http/httputil"

	"stoa/gateway/edge/request"
	"stoa/pkg/common/web"
)

// streamAccept is sent for server-sent events. To the plain "text/event-stream" a sidecar has an answer of its own: it
// turns every error of the app into a 500.
const streamAccept = "text/event-stream, application/problem+json"

// rewrite makes the request for the app. One operation is about the API key itself and gets to see it. The trace goes on
// in the transport.
func rewrite(r *httputil.ProxyRequest) {
	headers := request.Forwarded(r.In.Header)
	if web.IsStream(r.In) {
		headers.Set("Accept", streamAccept)
	}
	if r.In.URL.Path == request.VerifyKeyPath {
		headers.Set(request.KeyHeader, r.In.Header.Get(request.KeyHeader))
	}
	r.Out.Header = headers
	r.SetXForwarded()
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
