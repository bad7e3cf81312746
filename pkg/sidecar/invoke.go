package sidecar

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"stoa/pkg/common/web"
)

// maxAnswer bounds the answer that Invoke reads, in bytes.
const maxAnswer = 4 << 20

// Transport returns a round tripper that sends a request to an app through the sidecar: the request names path and
// query, the app is that of Target. It keeps status, headers and streams.
//
// The sidecar repeats requests that failed on the way, by its Resiliency policies, but never one without a
// Content-Length. Unsafe requests are therefore sent without one, unless they carry an Idempotency-Key.
func (s *Sidecar) Transport() http.RoundTripper { return roundTripper{sidecar: s} }

type targetKey struct{}

// Target returns a context whose requests, sent by Transport, go to the app with this id.
func Target(ctx context.Context, appID string) context.Context {
	return context.WithValue(ctx, targetKey{}, appID)
}

type roundTripper struct{ sidecar *Sidecar }

// RoundTrip implements http.RoundTripper.
func (t roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	appID, ok := r.Context().Value(targetKey{}).(string)
	if !ok {
		return nil, fmt.Errorf("the request to %s names no app", r.URL.Path)
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = "http", t.sidecar.base[len("http://"):]
	r.Host = ""
	r.Header.Set("dapr-app-id", appID)
	if !repeatable(r) {
		r.ContentLength = -1
		if r.Body == nil || r.Body == http.NoBody {
			r.Body = io.NopCloser(bytes.NewReader(nil))
		}
	}
	return t.sidecar.http.Transport.RoundTrip(r)
}

// repeatable reports whether doing it twice is the same as doing it once (RFC 9110, section 9.2.2).
func repeatable(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete:
		return true
	default:
		return r.Header.Get("Idempotency-Key") != ""
	}
}

// Invoke calls an operation of another app: in is sent as JSON unless it is nil, the answer is read into out unless
// that is nil. An error of the app keeps its kind; errs.Unavailable if the app cannot be reached.
func (s *Sidecar) Invoke(ctx context.Context, appID, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var body io.Reader = http.NoBody
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("calling %s: %w", appID, err)
		}
		body = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(Target(ctx, appID), method, s.base+path, body)
	if err != nil {
		return fmt.Errorf("calling %s: %w", appID, err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := s.Transport().RoundTrip(request)
	if err != nil {
		return unavailable(err, appID)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return unavailable(err, appID)
	}
	if answer.StatusCode >= http.StatusBadRequest {
		return web.ReadError(answer.StatusCode, answer.Header, raw)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("the answer of %s cannot be read: %w", appID, err)
	}
	return nil
}

// GRPC returns a connection for generated clients whose calls go to the app with this id, proxied by the sidecar.
func (s *Sidecar) GRPC(appID string) grpc.ClientConnInterface {
	return appConn{conn: s.client.GrpcClientConn(), appID: appID}
}

type appConn struct {
	conn  *grpc.ClientConn
	appID string
}

// Invoke implements grpc.ClientConnInterface.
func (c appConn) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(ctx, "dapr-app-id", c.appID), callTimeout)
	defer cancel()
	return c.conn.Invoke(ctx, method, args, reply, opts...)
}

// NewStream implements grpc.ClientConnInterface.
func (c appConn) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	return c.conn.NewStream(metadata.AppendToOutgoingContext(ctx, "dapr-app-id", c.appID), desc, method, opts...)
}

// newTransport returns the transport to the sidecar's HTTP API: it adds the token and carries on the trace.
func newTransport(token string) http.RoundTripper {
	base := &http.Transport{
		MaxIdleConnsPerHost: 256,
		IdleConnTimeout:     30 * time.Second,
		// The first byte of an answer may take as long as the slowest operation; a stream's headers come at once.
		ResponseHeaderTimeout: 10 * time.Second,
		DisableCompression:    true,
	}
	return otelhttp.NewTransport(withToken{base, token})
}

type withToken struct {
	next  http.RoundTripper
	token string
}

// RoundTrip implements http.RoundTripper. The request is the clone that otelhttp made, so it may be changed.
func (t withToken) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set(tokenHeader, t.token)
	return t.next.RoundTrip(r)
}
