package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// IsStream reports a request for server-sent events, which do not end by themselves.
func IsStream(r *http.Request) bool {
	return r.Method == http.MethodGet && acceptsStream(r)
}

func acceptsStream(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/event-stream")
}

// endWith lifts the deadlines of the server from streaming requests, and ends their contexts when streams ends, because they
// do not end by themselves.
func endWith(streams context.Context, patience time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !IsStream(r) || !bodyless(r) {
			next.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(streams, cancel)()
		// The server reads on to notice that the client goes away. Its read deadline would look like that.
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
		next.ServeHTTP(streamWriter{w, patience}, r.WithContext(ctx))
	})
}

// bodyless reports a request without a body, or with a body of no chunks, as sidecars may send it. Requests with a body, which
// limit refuses, keep the deadlines of the server: nobody may send slowly for ever by asking for a stream.
func bodyless(r *http.Request) bool {
	if r.ContentLength < 0 {
		if n, err := r.Body.Read(make([]byte, 1)); n == 0 && errors.Is(err, io.EOF) {
			r.Body, r.ContentLength = http.NoBody, 0
		}
	}
	return r.ContentLength == 0
}

// streamWriter gives each piece of a stream its own deadline, instead of one for the whole answer.
type streamWriter struct {
	http.ResponseWriter
	patience time.Duration
}

// Write writes one piece. A flush that follows has the time that is left.
func (w streamWriter) Write(b []byte) (int, error) {
	_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(w.patience))
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w streamWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
