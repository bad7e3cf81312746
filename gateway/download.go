package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"stoa/pkg/common/web"
)

// timed is an answer to a client, and how long that may take: as long as the app has, or if the answer is a file, as long as the client
// needs, once the app has begun.
type timed struct {
	http.ResponseWriter
	lift func()
	body http.ResponseWriter
}

// within returns the answer to a client, and the context of the call that it comes from. The function ends the call.
func within(ctx context.Context, timeout time.Duration, w http.ResponseWriter) (context.Context, *timed, func()) {
	call, end := context.WithCancelCause(context.WithoutCancel(ctx))
	limited, cancel := context.WithTimeout(ctx, timeout)
	stop := context.AfterFunc(limited, func() { end(context.Cause(limited)) })
	last := time.AfterFunc(web.DownloadTime, func() { end(context.DeadlineExceeded) }) // the client of a file may be gone, and its app may hang
	return call, &timed{w, func() { stop() }, w}, func() { stop(); last.Stop(); cancel(); end(context.Canceled) }
}

// WriteHeader implements http.ResponseWriter.
func (t *timed) WriteHeader(status int) {
	if strings.HasPrefix(t.Header().Get("Content-Disposition"), "attachment") {
		t.lift()
		t.body = web.Pieces(t.ResponseWriter)
	}
	t.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter. If the client has gone away, it fails, and so does the proxy.
func (t *timed) Write(b []byte) (int, error) { return t.body.Write(b) }

// Unwrap lets http.ResponseController reach the connection.
func (t *timed) Unwrap() http.ResponseWriter { return t.ResponseWriter }
