package sidecar

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
	"stoa/pkg/observability"
)

// maxForeign is how many bytes of an answer that no app gave are read for the log.
const maxForeign = 4 << 10

// repeatFor is how long a request is repeated while the sidecar reports successes that no app gave, and a call by gRPC while it
// reports that there is no app. The last try of a request may take two more seconds, for which the sidecar repeats it
// (components/config/resiliency/apps.yaml). Together this is less than the three seconds after which people must learn of an
// outage.
const repeatFor = 900 * time.Millisecond

// repeatPause is the wait between two tries of such a request.
const repeatPause = 50 * time.Millisecond

// Transport returns a round tripper that sends a request through the sidecar to the app of Target. Of the URL, only path and
// query count. Status, headers and streams pass unchanged. An answer that no app gave is an error: errs.Forbidden if access
// control refused the call, errs.Malformed if the headers are too large for the sidecar, errs.Unavailable otherwise. While an app
// gives no answers, requests to it fail at once with errs.Unavailable.
//
// By its Resiliency policies, the sidecar repeats requests that failed on the way, but never one without a Content-Length. So
// Transport sends a request without Content-Length if doing it twice may do harm: a POST or PATCH without an Idempotency-Key.
func (s *Sidecar) Transport() http.RoundTripper { return roundTripper{sidecar: s} }

type targetKey struct{}

// Target returns a context whose requests, sent by Transport, go to the app with this id.
func Target(ctx context.Context, appID string) context.Context {
	return context.WithValue(ctx, targetKey{}, appID)
}

type roundTripper struct{ sidecar *Sidecar }

// RoundTrip implements http.RoundTripper.
func (t roundTripper) RoundTrip(r *http.Request) (answer *http.Response, err error) {
	appID, ok := r.Context().Value(targetKey{}).(string)
	if !ok {
		return nil, fmt.Errorf("the request to %s names no app", r.URL.Path)
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = "http", t.sidecar.base[len("http://"):]
	r.Host = ""
	r.Header.Set("dapr-app-id", appID)
	body := watch(r.Body)
	send, err := t.sender(r, body)
	if err != nil {
		return nil, err
	}
	refused := t.sidecar.breakers.of(appID).do(r.Context(), func() error {
		answer, err = send()
		switch {
		case err == nil:
			return nil
		case errs.Is(err, errs.Forbidden), errs.Is(err, errs.Malformed): // a sidecar has refused it
			return errUncounted
		case !body.ended.Load(): // the client has not sent all of it
			return errUncounted
		default:
			return errNoAnswer
		}
	})
	if refused != nil {
		body.Close()
		return nil, refused
	}
	return answer, err
}

// sender returns the function that sends a request, more than once if that has the same effect.
func (t roundTripper) sender(r *http.Request, body *watchedBody) (send func() (*http.Response, error), err error) {
	if !repeatable(r) {
		r.Body, r.ContentLength = body, -1
		return func() (*http.Response, error) {
			answer, _, err := t.send(r)
			return answer, err
		}, nil
	}
	content, err := io.ReadAll(body)
	body.Close()
	return func() (*http.Response, error) { return t.sendUntilAnswered(r, content) }, err
}

// watchedBody knows whether all of a request's body has been read.
type watchedBody struct {
	io.ReadCloser
	ended atomic.Bool
}

func watch(body io.ReadCloser) *watchedBody {
	if body == nil {
		body = http.NoBody
	}
	return &watchedBody{ReadCloser: body}
}

// Read implements io.Reader.
func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		b.ended.Store(true)
	}
	return n, err
}

// sendUntilAnswered sends a request that may be repeated, and repeats it for a while if the sidecar made up a success.
func (t roundTripper) sendUntilAnswered(r *http.Request, body []byte) (*http.Response, error) {
	for began := time.Now(); ; {
		attempt := r.Clone(r.Context())
		attempt.Body, attempt.ContentLength = http.NoBody, int64(len(body))
		if len(body) > 0 {
			attempt.Body = io.NopCloser(bytes.NewReader(body))
		}
		answer, madeUp, err := t.send(attempt)
		if !madeUp || time.Since(began) >= repeatFor {
			return answer, err
		}
		select {
		case <-time.After(repeatPause):
		case <-r.Context().Done():
			return nil, err
		}
	}
}

// send sends a request once. It reports whether the sidecar made up a success for an app that gave no answer.
func (t roundTripper) send(r *http.Request) (answer *http.Response, madeUp bool, err error) {
	answer, err = t.sidecar.http.Transport.RoundTrip(r)
	if err != nil {
		return nil, false, err
	}
	if err := web.CheckAnswer(answer); err != nil {
		return nil, answer.StatusCode < http.StatusBadRequest, foreign(answer, err)
	}
	return answer, false, nil
}

// foreign closes an answer that no app gave, and returns the error for it.
func foreign(answer *http.Response, cause error) error {
	defer answer.Body.Close()
	var words []byte
	if answer.StatusCode >= http.StatusBadRequest { // a made-up success may be a stream without end
		words, _ = io.ReadAll(io.LimitReader(answer.Body, maxForeign)) // for the log, even if it is cut short
		cause = fmt.Errorf("%w: %s", cause, words)
	}
	switch {
	case answer.StatusCode == http.StatusForbidden && bytes.Contains(words, []byte("ERR_DIRECT_INVOKE")):
		return errs.Wrap(errs.Forbidden, cause, "access control does not allow this call")
	case answer.StatusCode == http.StatusRequestHeaderFieldsTooLarge:
		return errs.Wrap(errs.Malformed, cause, "the headers of the request are too large")
	default:
		return errs.Wrap(errs.Unavailable, cause, "a service that this needs does not answer")
	}
}

// repeatable reports whether a request has the same effect when it is sent twice (RFC 9110, section 9.2.2).
func repeatable(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete:
		return true
	default:
		return r.Header.Get("Idempotency-Key") != ""
	}
}

// newTransport returns the transport to the sidecar's HTTP API. It adds the token and the trace.
func newTransport(token string) http.RoundTripper {
	base := &http.Transport{
		MaxIdleConnsPerHost: 256,
		IdleConnTimeout:     30 * time.Second,
		// As long as the slowest operation may take. A stream sends its headers at once.
		ResponseHeaderTimeout: 10 * time.Second,
		DisableCompression:    true,
	}
	return observability.HTTPClient(withToken{base, token})
}

type withToken struct {
	next  http.RoundTripper
	token string
}

// RoundTrip implements http.RoundTripper. The request is the clone that observability.HTTPClient made, so it may be changed.
func (t withToken) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set(tokenHeader, t.token)
	return t.next.RoundTrip(r)
}
