package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// IsStream reports a request for server-sent events, which has no end of its own.
func IsStream(r *http.Request) bool {
	return r.Method == http.MethodGet && acceptsStream(r)
}

func acceptsStream(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/event-stream")
}

// endWith lifts the server's deadlines from streaming requests, and ends their context when streams ends, since they
// would not finish by themselves.
func endWith(streams context.Context, patience time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !IsStream(r) || !bodyless(r) {
			next.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(streams, cancel)()
		// The server reads on to notice that the client went away: its read deadline would look like that.
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
		next.ServeHTTP(streamWriter{w, patience}, r.WithContext(ctx))
	})
}

// bodyless reports a request without a body, or with one of no chunks, as sidecars may send it. For one with a body, which
// limit refuses, the server's deadlines stay: to ask for a stream must be no way to take for ever over something else.
func bodyless(r *http.Request) bool {
	if r.ContentLength < 0 {
		if n, err := r.Body.Read(make([]byte, 1)); n == 0 && errors.Is(err, io.EOF) {
			r.Body, r.ContentLength = http.NoBody, 0
		}
	}
	return r.ContentLength == 0
}

// streamWriter gives every piece of a stream a deadline of its own, in place of one for the whole answer.
type streamWriter struct {
	http.ResponseWriter
	patience time.Duration
}

// Write writes one piece; a flush that follows has what is left of the time.
func (w streamWriter) Write(b []byte) (int, error) {
	_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(w.patience))
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w streamWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
