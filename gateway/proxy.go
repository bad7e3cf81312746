package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"strings"
	"time"

	"stoa/gateway/edge/request"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
	"stoa/pkg/sidecar"
)

// upstreamTimeout bounds the wait for an app. What is down says so at once or after the sidecar's retries (two seconds);
// this is for an app that is slow under load.
const upstreamTimeout = 8 * time.Second

// maxForeignError is how much of an answer that is not for the caller is read for the log.
const maxForeignError = 4 << 10

// proxy forwards requests to apps through the sidecar. Server-sent events pass piece by piece: httputil sees to it for
// their media type.
type proxy struct{ reverse httputil.ReverseProxy }

func newProxy(transport http.RoundTripper) *proxy {
	return &proxy{httputil.ReverseProxy{
		Transport:      transport,
		Rewrite:        rewrite,
		ModifyResponse: inspect,
		ErrorHandler:   fail,
	}}
}

// to returns the handler that forwards to the app with this id.
func (p *proxy) to(app string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := sidecar.Target(r.Context(), app)
		if !web.IsStream(r) {
			limited, cancel := context.WithTimeout(ctx, upstreamTimeout)
			defer cancel()
			ctx = limited
		}
		p.reverse.ServeHTTP(w, r.WithContext(ctx))
	})
}

// inspect tells an app's answer from a sidecar's. Apps say what is wrong in problem documents; whatever else is an error
// comes from a sidecar that cannot reach its app, and its words are for the log.
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
	return web.ReadError(answer.StatusCode, contentType, raw)
}

// fail answers for an app that did not.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	var known *errs.Error
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &known):
	case errors.As(err, &tooLarge): // a body without a length, found out on the way
		err = web.TooLarge()
	default:
		err = errs.Wrap(errs.Unavailable, err, "a service that this needs does not answer")
	}
	web.WriteError(w, r, err)
}
