package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync/atomic"
	"time"

	"stoa/gateway/edge/request"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
	"stoa/pkg/sidecar"
)

// maxForeignError is how much of an answer that is not for the caller is read for the log.
const maxForeignError = 4 << 10

// proxy forwards requests to apps through the sidecar. Server-sent events pass piece by piece: httputil sees to it for
// their media type.
type proxy struct {
	reverse httputil.ReverseProxy
	keys    keys
}

func newProxy(transport http.RoundTripper) (*proxy, error) {
	keys, err := newKeys()
	p := &proxy{keys: keys}
	p.reverse = httputil.ReverseProxy{Transport: transport, Rewrite: p.rewrite, ModifyResponse: inspect, ErrorHandler: fail}
	return p, err
}

// to returns the handler that forwards to the app with this id. The time-out bounds the wait for an app that is slow; what
// is down says so at once or after the sidecar's retries, two seconds.
func (p *proxy) to(app string, timeout time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := sidecar.Target(r.Context(), app)
		if !web.IsStream(r) {
			limited, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			ctx = limited
		}
		if r.ContentLength != 0 {
			body := &watchedBody{ReadCloser: r.Body}
			r.Body = body
			defer body.endWith(ctx, w)()
			ctx = context.WithValue(ctx, bodyKey{}, body)
		}
		p.reverse.ServeHTTP(w, r.WithContext(ctx))
	})
}

// inspect takes off an answer what sidecars add. An error that an app gave in another form becomes a problem document, and
// its words are for the log.
func inspect(answer *http.Response) error {
	request.Tidy(answer.Header)
	contentType := answer.Header.Get("Content-Type")
	if answer.StatusCode < http.StatusBadRequest || strings.HasPrefix(contentType, web.ProblemType) {
		return nil
	}
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxForeignError))
	if err != nil {
		return err
	}
	return web.ReadError(answer.StatusCode, answer.Header, raw)
}

// fail answers for an app that did not.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	var known *errs.Error
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &known):
	case errors.As(err, &tooLarge): // a body without a length, found out on the way
		err = web.TooLarge()
	case bodyIsMissing(r, err):
		w.Header().Set("Connection", "close")
		err = errs.Wrap(errs.Malformed, err, "the request body did not arrive, or not in time")
	default:
		err = errs.Wrap(errs.Unavailable, err, "a service that this needs does not answer")
	}
	web.WriteError(w, r, err)
}

// watchedBody knows how far a request's body has come.
type watchedBody struct {
	io.ReadCloser
	ended, broken atomic.Bool
}

type bodyKey struct{}

// Read implements io.Reader.
func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	switch {
	case errors.Is(err, io.EOF):
		b.ended.Store(true)
	case err != nil && !errors.Is(err, http.ErrBodyReadAfterClose): // closed is what we do when an app fails
		b.broken.Store(true)
	}
	return n, err
}

// endWith ends the wait for the rest of the body with ctx: until then, nobody else can answer. The function that it
// returns calls this off.
func (b *watchedBody) endWith(ctx context.Context, w http.ResponseWriter) func() bool {
	return context.AfterFunc(ctx, func() {
		if !b.ended.Load() {
			_ = http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0))
		}
	})
}

// bodyIsMissing reports that a request failed because its sender did not send all of it, or not in time.
func bodyIsMissing(r *http.Request, err error) bool {
	body, watched := r.Context().Value(bodyKey{}).(*watchedBody)
	return watched && (body.broken.Load() || !body.ended.Load() && errors.Is(err, context.DeadlineExceeded))
}
