package service

import (
	"context"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"

	runtimev1 "github.com/dapr/dapr/pkg/proto/runtime/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/config"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
	"stoa/pkg/messaging"
)

// fakeSidecar has a state store and a binding, and an app behind it.
type fakeSidecar struct {
	runtimev1.UnimplementedDaprServer
	storeDown, appDown atomic.Bool
}

func (s *fakeSidecar) GetMetadata(context.Context, *runtimev1.GetMetadataRequest) (*runtimev1.GetMetadataResponse, error) {
	return &runtimev1.GetMetadataResponse{RegisteredComponents: []*runtimev1.RegisteredComponents{
		{Name: "mail", Type: "bindings.smtp"}, {Name: "thing-store", Type: "state.sqlite"},
	}}, nil
}

func (s *fakeSidecar) GetState(_ context.Context, in *runtimev1.GetStateRequest) (*runtimev1.GetStateResponse, error) {
	if s.storeDown.Load() || in.GetStoreName() != "thing-store" {
		return nil, status.Error(codes.Internal, "connection refused")
	}
	return &runtimev1.GetStateResponse{}, nil
}

func (s *fakeSidecar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/healthz" && (s.appDown.Load() || r.Header.Get("dapr-app-id") != "auth") {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set(web.AnswerHeader, "0")
}

// start starts an app beside the sidecar.
func (s *fakeSidecar) start(t *testing.T) *App {
	t.Helper()
	listener := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	server := grpc.NewServer()
	runtimev1.RegisterDaprServer(server, s)
	go func() { _ = server.Serve(listener) }() // ends with Stop
	t.Cleanup(server.Stop)
	http := httptest.NewServer(s)
	t.Cleanup(http.Close)
	app := must.Get(Start(t.Context(), config.Base{
		AppID: "things", LogLevel: "error", DaprHost: "127.0.0.1", DaprGRPCPort: portOf(t, listener.Addr().String()),
		DaprHTTPPort: portOf(t, http.Listener.Addr().String()), DaprAPIToken: "d", AppAPIToken: "a",
	}))(t)
	t.Cleanup(func() { app.Close(context.Background()) })
	return app
}

func portOf(t *testing.T, address string) int {
	t.Helper()
	_, text, err := net.SplitHostPort(address)
	port, convErr := strconv.Atoi(text)
	if err != nil || convErr != nil {
		t.Fatal(err, convErr)
	}
	return port
}

func TestApp_namesTheSameDependenciesEverywhere(t *testing.T) {
	side := &fakeSidecar{}
	app := side.start(t)
	app.CheckApp("auth")
	publisher := must.Get(app.Publisher())(t)
	must.Get(app.Consumer(publisher, messaging.Subscription{Topic: "stock", On: map[string]messaging.Handler{"stock.low.v1": nil}}))(t)
	want := map[string]string{
		"sidecar": "ok", "store thing-store": "ok", "app auth": "ok", "subscription stock": "not subscribed yet",
	}
	got, readiness := app.ready(t.Context())
	if got != http.StatusServiceUnavailable || !maps.Equal(readiness.Checks, want) {
		t.Errorf("got %d %v, want %v", got, readiness.Checks, want)
	}
	if want := map[string]string{"auth": "closed"}; !maps.Equal(readiness.Breakers, want) {
		t.Errorf("got %v, want %v", readiness.Breakers, want)
	}
	side.storeDown.Store(true)
	side.appDown.Store(true)
	_, readiness = app.ready(t.Context())
	for _, name := range []string{"store thing-store", "app auth"} {
		if readiness.Checks[name] == "ok" {
			t.Errorf("%s is down: got %v", name, readiness.Checks)
		}
	}
}

// Where probes come from elsewhere, they have a port of their own, and the app port stays on loopback.
func TestHTTP_servesProbesOnTheirPortToo(t *testing.T) {
	side := &fakeSidecar{}
	app := side.start(t)
	app.Config.Host, app.Config.ProbeHost = "127.0.0.1", "127.0.0.1"
	app.Config.AppPort, app.Config.ProbePort = freePort(t), freePort(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	router := web.NewRouter()
	router.Path("/things").HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	go func() { ended <- app.HTTP(router)(ctx) }()
	for _, port := range []int{app.Config.AppPort, app.Config.ProbePort} {
		if got := statusOf(t, port, "/healthz"); got != http.StatusOK {
			t.Errorf("/healthz answers %d", got)
		}
	}
	if got := statusOf(t, app.Config.ProbePort, "/things"); got != http.StatusNotFound {
		t.Errorf("the port of the probes answers %d for an operation", got)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// statusOf asks until somebody listens.
func statusOf(t *testing.T, port int, path string) int {
	t.Helper()
	for {
		answer, err := http.Get("http://127.0.0.1:" + strconv.Itoa(port) + path)
		if err == nil {
			answer.Body.Close()
			return answer.StatusCode
		}
		if t.Context().Err() != nil {
			t.Fatal(err)
		}
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	listener := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
