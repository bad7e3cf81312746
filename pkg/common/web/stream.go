package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// IsStream reports whether a request asks for server-sent events.
func IsStream(r *http.Request) bool {
	return r.Method == http.MethodGet && acceptsStream(r)
}

func acceptsStream(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/event-stream")
}

// endWith replaces the deadlines of the server for streams, and ends their contexts when `streams` ends, because a stream
// does not end by itself.
func endWith(streams context.Context, writeTimeout time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !IsStream(r) || !hasNoBody(r) {
			next.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(streams, cancel)()
		// The server keeps reading to notice when the client leaves. A read deadline would look as if it had left.
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
		next.ServeHTTP(streamWriter{w, writeTimeout}, r.WithContext(ctx))
	})
}

// hasNoBody reports whether a request has no body, or an empty one in chunks, as sidecars may send it. A stream with a body
// keeps the deadlines of the server until limit refuses it: otherwise a client could send its body slowly for ever.
func hasNoBody(r *http.Request) bool {
	if r.ContentLength < 0 {
		if n, err := r.Body.Read(make([]byte, 1)); n == 0 && errors.Is(err, io.EOF) {
			r.Body, r.ContentLength = http.NoBody, 0
		}
	}
	return r.ContentLength == 0
}

// DownloadTime is how long an answer may take that is a file: longer than a slow line needs for the largest one.
const DownloadTime = 10 * time.Minute

// Pieces returns a writer for such an answer: each piece of it has its own deadline.
func Pieces(w http.ResponseWriter) http.ResponseWriter { return streamWriter{w, DefaultLimits().Write} }

// streamWriter gives each piece of a stream its own deadline, instead of one for the whole answer.
type streamWriter struct {
	http.ResponseWriter
	timeout time.Duration
}

// Write writes one piece. A flush after it must end before the same deadline.
func (w streamWriter) Write(b []byte) (int, error) {
	_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(w.timeout))
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w streamWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
