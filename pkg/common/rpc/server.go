package rpc

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net"
	"runtime/debug"
	"time"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/observability"
)

// drainTime is how long accepted calls may take to finish once the process is told to stop.
const drainTime = 15 * time.Second

// NewServer returns a server for the calls of the app's own sidecar: it refuses calls without the app token. Only a method
// that does not exist is answered (as unimplemented) without the token: a starting sidecar sends none when it asks for the
// app's subscriptions.
func NewServer(log zerolog.Logger, appToken string) *grpc.Server {
	return grpc.NewServer(
		grpc.StatsHandler(otelgrpc.NewServerHandler()),
		grpc.ChainUnaryInterceptor(logged(log), marked, recovered, requireToken(appToken)),
		grpc.StreamInterceptor(noStreams),
	)
}

// Serve listens on addr and serves until ctx ends. Then it takes no new calls and lets accepted ones finish.
func Serve(ctx context.Context, addr string, server *grpc.Server) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", addr, err)
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	forced := time.AfterFunc(drainTime, server.Stop)
	defer forced.Stop()
	server.GracefulStop()
	return nil
}

func logged(log zerolog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		started := time.Now()
		ctx = observability.WithTrace(ctx, log)
		answer, err := handle(ctx, req)
		level := zerolog.InfoLevel
		if errs.Is(err, errs.Internal) {
			level = zerolog.ErrorLevel
		}
		sent := ToStatus(err)
		observability.Log(ctx).WithLevel(level).Err(err).Str("method", info.FullMethod).
			Str("code", status.Code(sent).String()).Dur("duration_ms", time.Since(started)).Msg("call")
		return answer, sent
	}
}

func recovered(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (answer any, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	return handle(ctx, req)
}

func requireToken(token string) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		given := metadata.ValueFromIncomingContext(ctx, "dapr-api-token")
		if len(given) != 1 || subtle.ConstantTimeCompare([]byte(given[0]), []byte(token)) != 1 {
			return nil, errs.New(errs.Unauthenticated, "this port is for the sidecar only")
		}
		return handle(ctx, req)
	}
}

// noStreams refuses streams, which no app has: the interceptors above are for calls with one answer.
func noStreams(any, grpc.ServerStream, *grpc.StreamServerInfo, grpc.StreamHandler) error {
	return status.Error(codes.Unimplemented, "streams are not served")
}
