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

	"stoa/gateway/edge/cache"
	"stoa/gateway/edge/request"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
	"stoa/pkg/sidecar"
)

// maxForeignError is how much of an error that is not a problem document is read, for the log.
const maxForeignError = 4 << 10

// proxy forwards requests to apps through the sidecar. Server-sent events pass piece by piece: httputil flushes their
// media type at once.
type proxy struct {
	reverse   httputil.ReverseProxy
	side      *sidecar.Sidecar
	described operations
}

func newProxy(side *sidecar.Sidecar) (*proxy, error) {
	described, err := describedOperations()
	p := &proxy{side: side, described: described}
	p.reverse = httputil.ReverseProxy{Transport: side.Transport(), Rewrite: p.rewrite, ModifyResponse: inspect, ErrorHandler: fail}
	return p, err
}

// to returns the handler that forwards to the app with this id. The timeout bounds the wait for a slow app, and the whole answer unless that is
// a file; for an app that is down the sidecar answers at once, or after two seconds of retries.
func (p *proxy) to(app string, timeout time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := sidecar.Target(r.Context(), app)
		if !web.IsStream(r) {
			call, answer, end := within(ctx, timeout, w)
			defer end()
			ctx, w = call, answer
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

// ask returns how the cache asks the app with this id for what is the same for all callers.
func (p *proxy) ask(app string) cache.Send {
	return func(question *http.Request) (*http.Response, error) {
		answer, err := p.reverse.Transport.RoundTrip(question.WithContext(sidecar.Target(question.Context(), app)))
		if err != nil {
			return nil, unanswered(err)
		}
		if err := inspect(answer); err != nil {
			answer.Body.Close()
			return nil, unanswered(err)
		}
		return answer, nil
	}
}

// inspect removes from an answer what sidecars add. An error that is neither a problem document nor a page for people becomes a
// problem document, and its text goes to the log.
func inspect(answer *http.Response) error {
	request.Tidy(answer.Header)
	contentType := answer.Header.Get("Content-Type")
	if answer.StatusCode < http.StatusBadRequest || strings.HasPrefix(contentType, web.ProblemType) || strings.HasPrefix(contentType, htmlType) {
		return nil
	}
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxForeignError))
	if err != nil {
		return err
	}
	return web.ReadError(answer.StatusCode, answer.Header, raw)
}

// fail answers in place of an app.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge): // a body without a length: known only when it was read
		err = errs.New(errs.TooLarge, "the request body is over %d bytes", tooLarge.Limit)
	case bodyIsMissing(r, err):
		w.Header().Set("Connection", "close")
		err = errs.Wrap(errs.Malformed, err, "the request body did not arrive, or not in time")
	default:
		err = unanswered(err)
	}
	web.WriteError(w, r, err)
}

// unanswered is the error for a request that no app answered.
func unanswered(err error) error {
	var known *errs.Error
	if errors.As(err, &known) {
		return err
	}
	return errs.Wrap(errs.Unavailable, err, "a service that this needs does not answer")
}

// watchedBody knows whether a request's body has arrived.
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
	case err != nil && !errors.Is(err, http.ErrBodyReadAfterClose): // we close it when an app fails
		b.broken.Store(true)
	}
	return n, err
}

// endWith stops waiting for the rest of the body when ctx ends: as long as the server reads, nothing can answer. The
// function that it returns cancels this.
func (b *watchedBody) endWith(ctx context.Context, w http.ResponseWriter) func() bool {
	return context.AfterFunc(ctx, func() {
		if !b.ended.Load() {
			_ = http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0))
		}
	})
}

// bodyIsMissing reports that a request failed because its body did not arrive, or not in time.
func bodyIsMissing(r *http.Request, err error) bool {
	body, watched := r.Context().Value(bodyKey{}).(*watchedBody)
	return watched && (body.broken.Load() || !body.ended.Load() && errors.Is(err, context.DeadlineExceeded))
}
