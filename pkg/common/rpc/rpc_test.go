package rpc_test

import (
	"context"
	"errors"
	"io"
	"net"
	"reflect"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	inventoryv1 "stoa/api/proto/inventory/v1"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/rpc"
)

func TestToStatus_isReversedByFromStatus(t *testing.T) {
	for _, sent := range []error{
		errs.InvalidFields(errs.Field{Name: "items[0].productId", Problem: "is unknown"}),
		errs.New(errs.NotFound, "there is no such product"),
		&errs.Error{Kind: errs.Unavailable, Message: "come back later", RetryAfter: 1500 * time.Millisecond},
		errs.New(errs.Conflict, "it is shipped"),
	} {
		if got := rpc.FromStatus(rpc.ToStatus(sent)); !reflect.DeepEqual(got, sent) {
			t.Errorf("got %+v, want %+v", got, sent)
		}
	}
	masked := errs.From(rpc.FromStatus(rpc.ToStatus(errors.New("password=hunter2"))))
	if masked.Kind != errs.Internal || masked.Message == "password=hunter2" {
		t.Errorf("got %+v", masked)
	}
	if rpc.ToStatus(nil) != nil || rpc.FromStatus(nil) != nil {
		t.Error("nil must stay nil")
	}
	if err := rpc.FromStatus(status.Error(codes.Unknown, "sidecar")); !errs.Is(err, errs.Unavailable) {
		t.Errorf("a foreign status: got %v", err)
	}
}

type stock struct {
	inventoryv1.UnimplementedStockServer
	answer func() error
}

func (s stock) Quote(context.Context, *inventoryv1.QuoteRequest) (*inventoryv1.QuoteResponse, error) {
	return &inventoryv1.QuoteResponse{}, s.answer()
}

func TestServer_checksTheTokenAndSurvivesAPanic(t *testing.T) {
	client := inventoryv1.NewStockClient(dial(t, stock{answer: func() error { panic("nil map") }}))
	if _, err := client.Quote(t.Context(), &inventoryv1.QuoteRequest{}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("without a token: got %v", err)
	}
	withToken := metadata.AppendToOutgoingContext(t.Context(), "dapr-api-token", "secret")
	for range 2 {
		if _, err := client.Quote(withToken, &inventoryv1.QuoteRequest{}); status.Code(err) != codes.Internal {
			t.Errorf("panic: got %v", err)
		}
	}
}

// dial serves s behind the token "secret" and connects to it.
func dial(t *testing.T, s stock) *grpc.ClientConn {
	t.Helper()
	probe := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	address := probe.Addr().String()
	probe.Close()
	server := rpc.NewServer(zerolog.New(io.Discard), "secret")
	inventoryv1.RegisterStockServer(server, s)
	server.RegisterService(&echo, nil)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- rpc.Serve(ctx, address, server) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	conn := must.Get(grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true))))(t)
	t.Cleanup(func() { conn.Close() })
	return conn
}

// echo is a service with a stream.
var echo = grpc.ServiceDesc{
	ServiceName: "test.Echo", HandlerType: (*any)(nil),
	Streams: []grpc.StreamDesc{{StreamName: "Talk", ClientStreams: true, Handler: func(_ any, stream grpc.ServerStream) error {
		return stream.SendMsg(&inventoryv1.QuoteResponse{})
	}}},
}

func TestServer_refusesStreams(t *testing.T) {
	ctx := metadata.AppendToOutgoingContext(t.Context(), "dapr-api-token", "secret")
	stream := must.Get(dial(t, stock{}).NewStream(ctx, &echo.Streams[0], "/test.Echo/Talk"))(t)
	if err := stream.RecvMsg(&inventoryv1.QuoteResponse{}); status.Code(err) != codes.Unimplemented {
		t.Errorf("got %v", err)
	}
}
