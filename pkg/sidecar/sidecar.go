// Package sidecar connects a process to its Dapr sidecar: documents with compare-and-swap, lists of them, calls to other apps,
// secrets, bindings and settings. To Dapr's SDK it adds typed values, errors of package errs, and limits on time and on
// writers. Package messaging has events.
package sidecar

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	dapr "github.com/dapr/go-sdk/client"
	"github.com/rs/zerolog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/config"
	"stoa/pkg/common/errs"
	"stoa/pkg/observability"
)

// callTimeout bounds one call to a component or another app, because people must learn within three seconds that something is
// down.
const callTimeout = 2 * time.Second

// Sidecar is the connection to the process's own sidecar. It reconnects by itself.
type Sidecar struct {
	client   *dapr.GRPCClient
	states   StateClient
	http     *http.Client
	base     string
	writes   gate
	breakers *breakers
}

// quietSDK turns off the SDK's log, which all clients of a process share. It writes plain text between our JSON lines, and
// nothing that is not in the errors.
var quietSDK = sync.OnceFunc(func() { dapr.SetLogger(nil) })

// Open prepares the connection. It does not wait for the sidecar, which may start later: see AwaitHealthy. The log gets a line
// whenever a circuit breaker changes its state.
func Open(cfg config.Base, log zerolog.Logger) (*Sidecar, error) {
	quietSDK()
	breakers, err := newBreakers(log)
	if err != nil {
		return nil, fmt.Errorf("sidecar: %w", err)
	}
	conn, err := grpc.NewClient(fmt.Sprintf("%s:%d", cfg.DaprHost, cfg.DaprGRPCPort),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithPerRPCCredentials(apiToken(cfg.DaprAPIToken)),
		grpc.WithStatsHandler(observability.GRPCClient()),
		// The sidecar is on this machine, so the pause between two attempts to connect can be short.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: time.Second,
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("sidecar: %w", err)
	}
	client, ok := dapr.NewClientWithConnection(conn).(*dapr.GRPCClient)
	if !ok {
		return nil, fmt.Errorf("sidecar: the SDK's client is not a *GRPCClient")
	}
	return &Sidecar{
		client:   client,
		states:   client,
		http:     &http.Client{Transport: newTransport(cfg.DaprAPIToken)},
		base:     fmt.Sprintf("http://%s:%d", cfg.DaprHost, cfg.DaprHTTPPort),
		writes:   newGate(maxWriters),
		breakers: breakers,
	}, nil
}

// StatesOnly returns a Sidecar with nothing but state stores, for tests.
func StatesOnly(states StateClient) *Sidecar {
	return &Sidecar{states: states, writes: newGate(maxWriters), breakers: &breakers{}}
}

// Breakers returns the state of the circuit breaker for each app that this process calls: closed, half-open or open.
func (s *Sidecar) Breakers() map[string]string { return s.breakers.states() }

// Client returns the SDK's client on this connection, for calls that this package does not wrap.
func (s *Sidecar) Client() *dapr.GRPCClient { return s.client }

// Close ends the connection.
func (s *Sidecar) Close() { s.client.Close() }

// Healthy asks the sidecar whether the app can use its components.
func (s *Sidecar) Healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/v1.0/healthz/outbound", nil)
	if err != nil {
		return err
	}
	answer, err := s.http.Do(request)
	if err != nil {
		return unavailable(err, "the sidecar")
	}
	defer answer.Body.Close()
	if answer.StatusCode >= http.StatusBadRequest {
		return errs.New(errs.Unavailable, "the sidecar is not ready: status %d", answer.StatusCode)
	}
	return nil
}

// AwaitHealthy waits until the sidecar is ready or ctx ends.
func (s *Sidecar) AwaitHealthy(ctx context.Context) error {
	for {
		err := s.Healthy(ctx)
		if err == nil {
			return nil
		}
		if sleep(ctx, 25*time.Millisecond) != nil {
			return fmt.Errorf("waiting for the sidecar: %w", err)
		}
	}
}

// apiToken adds the token to every call. The SDK's own interceptor would replace all outgoing metadata by it, even the app-id of
// a call to another app.
type apiToken string

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (t apiToken) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{tokenHeader: string(t)}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials: the sidecar is on this machine.
func (apiToken) RequireTransportSecurity() bool { return false }

const tokenHeader = "dapr-api-token"

// unavailable is the error for something that does not answer.
func unavailable(cause error, what string) error {
	return errs.Wrap(errs.Unavailable, cause, "%s does not answer", what)
}

// failure classifies an error of the sidecar's gRPC API. Unless it is certainly a defect of ours, it is errs.Unavailable: it is
// retried, and people are asked to try again.
func failure(err error, what string) error {
	switch status.Code(err) {
	case codes.OK:
		return nil
	case codes.InvalidArgument, codes.PermissionDenied, codes.Unauthenticated, codes.Unimplemented,
		codes.ResourceExhausted: // too large
		return fmt.Errorf("%s: %w", what, err) // wrong use or configuration: internal
	default:
		return unavailable(err, what)
	}
}
