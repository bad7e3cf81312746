package sidecar_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/rs/zerolog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	inventoryv1 "stoa/api/proto/inventory/v1"
	"stoa/pkg/common/config"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/rpc"
	"stoa/pkg/common/web"
	"stoa/pkg/sidecar"
)

// open connects to stand-ins for a sidecar's two ports.
func open(t *testing.T, http http.Handler, grpc *grpc.Server) *sidecar.Sidecar {
	t.Helper()
	cfg := config.Base{DaprHost: "127.0.0.1", DaprHTTPPort: 1, DaprGRPCPort: 1}
	if http != nil {
		server := httptest.NewServer(http)
		t.Cleanup(server.Close)
		cfg.DaprHTTPPort = portOf(t, server.URL)
	}
	if grpc != nil {
		listener := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
		go func() { _ = grpc.Serve(listener) }()
		t.Cleanup(grpc.Stop)
		cfg.DaprGRPCPort = portOf(t, "http://"+listener.Addr().String())
	}
	side := must.Get(sidecar.Open(cfg, zerolog.Nop()))(t)
	t.Cleanup(side.Close)
	return side
}

func portOf(t *testing.T, address string) int {
	t.Helper()
	u := must.Get(url.Parse(address))(t)
	return must.Get(strconv.Atoi(u.Port()))(t)
}

func TestInvoke_TakesOnlyTheAnswerOfAnApp(t *testing.T) {
	answers := func(status int, mark, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if mark != "" {
				w.Header().Set(web.AnswerHeader, mark)
			}
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	for name, tt := range map[string]struct {
		sidecar http.HandlerFunc
		want    errs.Kind // "" for success
	}{
		"answer":                     {answers(200, "8", `{"n": 1}`), ""},
		"answer without length":      {answers(200, "*", `{"n": 1}`), ""},
		"made up":                    {answers(200, "", ""), errs.Unavailable},
		"made up with a body":        {answers(200, "", `{"n": 1}`), errs.Unavailable},
		"made up, no content":        {answers(204, "", ""), errs.Unavailable},
		"cut off":                    {answers(200, "80", `{"n": 1}`), errs.Unavailable},
		"not found by a sidecar":     {answers(404, "", "404 page not found"), errs.Unavailable},
		"not found by the app":       {answers(404, "*", ""), errs.NotFound},
		"refused by access control":  {answers(403, "", `{"errorCode":"ERR_DIRECT_INVOKE"}`), errs.Forbidden},
		"another 403":                {answers(403, "", "no"), errs.Unavailable},
		"app down":                   {answers(500, "", `{"errorCode":"ERR_DIRECT_INVOKE"}`), errs.Unavailable},
		"headers are too large":      {answers(431, "", ""), errs.Malformed},
		"defect of the app, no mark": {answers(500, "", ""), errs.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			side := open(t, tt.sidecar, nil)
			var out struct{ N int }
			err := side.Invoke(t.Context(), "app", http.MethodPost, "/x", nil, &out)
			if tt.want == "" && (err != nil || out.N != 1) || tt.want != "" && !errs.Is(err, tt.want) {
				t.Errorf("got %+v, %v", out, err)
			}
		})
	}
}

// quiet answers every call with an empty message.
type quiet struct {
	inventoryv1.UnimplementedStockServer
	trailer metadata.MD
}

func (q quiet) Quote(ctx context.Context, _ *inventoryv1.QuoteRequest) (*inventoryv1.QuoteResponse, error) {
	return &inventoryv1.QuoteResponse{}, grpc.SetTrailer(ctx, q.trailer)
}

func TestGRPC_TakesOnlyTheAnswerOfAnApp(t *testing.T) {
	app := grpc.NewServer()
	inventoryv1.RegisterStockServer(app, quiet{trailer: metadata.Pairs(rpc.AnswerTrailer, "*")})
	madeUp := grpc.NewServer()
	inventoryv1.RegisterStockServer(madeUp, quiet{})
	silent := grpc.NewServer(grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error { return nil }))
	for name, tt := range map[string]struct {
		sidecar *grpc.Server
		ok      bool
	}{
		"answer": {app, true}, "OK with a message": {madeUp, false}, "OK without a message": {silent, false},
	} {
		t.Run(name, func(t *testing.T) {
			side := open(t, nil, tt.sidecar)
			_, err := inventoryv1.NewStockClient(side.GRPC("app")).Quote(t.Context(), &inventoryv1.QuoteRequest{})
			if err := rpc.FromStatus(err); tt.ok && err != nil || !tt.ok && !errs.Is(err, errs.Unavailable) {
				t.Errorf("call: got %v", err)
			}
		})
	}
}

// ending is the sidecar of a pod whose app has ended, until it is asked for the third time.
type ending struct {
	quiet
	asked atomic.Int64
}

func (e *ending) Quote(ctx context.Context, in *inventoryv1.QuoteRequest) (*inventoryv1.QuoteResponse, error) {
	if e.asked.Add(1) < 3 {
		return nil, status.Error(codes.Unavailable, "dial tcp 127.0.0.1:8106: connect: connection refused")
	}
	return e.quiet.Quote(ctx, in)
}

func TestGRPC_RepeatsWhatNoAppAnswered(t *testing.T) {
	sidecar := grpc.NewServer()
	pod := &ending{quiet: quiet{trailer: metadata.Pairs(rpc.AnswerTrailer, "*")}}
	inventoryv1.RegisterStockServer(sidecar, pod)
	_, err := inventoryv1.NewStockClient(open(t, nil, sidecar).GRPC("app")).Quote(t.Context(), &inventoryv1.QuoteRequest{})
	if err != nil || pod.asked.Load() != 3 {
		t.Errorf("after %d attempts: %v", pod.asked.Load(), err)
	}
}
