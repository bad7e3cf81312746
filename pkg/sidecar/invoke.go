package sidecar

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/rpc"
	"stoa/pkg/common/web"
)

// maxAnswer bounds the answer that Invoke reads, in bytes.
const maxAnswer = 4 << 20

// Invoke calls an operation of another app. It sends in as JSON and reads the answer into out; both may be nil. An error of the
// app keeps its kind. Invoke fails with errs.Unavailable if the app cannot be reached.
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
	var known *errs.Error
	if errors.As(err, &known) {
		return err
	}
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

// GRPC returns a connection for generated clients. The sidecar forwards their calls to the app with this id. It repeats calls that
// failed on the way, and so does the connection, so each must have the same effect when it is made twice. While an app gives no
// answers, calls to it fail at once with errs.Unavailable.
func (s *Sidecar) GRPC(appID string) grpc.ClientConnInterface {
	return appConn{conn: s.client.GrpcClientConn(), appID: appID, breaker: s.breakers.of(appID)}
}

type appConn struct {
	conn    grpc.ClientConnInterface
	appID   string
	breaker *breaker
}

// Invoke implements grpc.ClientConnInterface.
func (c appConn) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) (err error) {
	refused := c.breaker.do(ctx, func() error {
		ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(ctx, "dapr-app-id", c.appID), callTimeout)
		defer cancel()
		var answered bool
		answered, err = c.sendUntilAnswered(ctx, method, args, reply, opts)
		switch {
		case answered:
			return nil
		case status.Code(err) == codes.PermissionDenied: // access control has refused it
			return errUncounted
		default:
			return errNoAnswer
		}
	})
	return cmp.Or(refused, err)
}

// sendUntilAnswered sends a call, and repeats it for a while if a sidecar answered for an app that is not there. The sidecar of a
// pod outlives its app by a moment; another replica answers the next attempt. A policy of Dapr could not tell that answer from
// one of the app. It reports whether the app has answered, be it an error.
func (c appConn) sendUntilAnswered(ctx context.Context, method string, args, reply any, opts []grpc.CallOption) (bool, error) {
	for began := time.Now(); ; {
		var trailer metadata.MD
		err := c.conn.Invoke(ctx, method, args, reply, append(opts[:len(opts):len(opts)], grpc.Trailer(&trailer))...)
		missing := rpc.CheckAnswer(trailer)
		if missing == nil {
			return true, err
		}
		err = cmp.Or(err, missing)
		if status.Code(err) != codes.Unavailable || time.Since(began) >= repeatFor || sleep(ctx, repeatPause) != nil {
			return false, err
		}
	}
}

// NewStream implements grpc.ClientConnInterface. Apps have no streams between them.
func (appConn) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, status.Error(codes.Unimplemented, "streams between apps are not supported")
}
