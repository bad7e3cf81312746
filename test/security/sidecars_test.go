package security

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	common "github.com/dapr/dapr/pkg/proto/common/v1"
	runtimev1 "github.com/dapr/dapr/pkg/proto/runtime/v1"

	inventoryv1 "stoa/api/proto/inventory/v1"
	"stoa/internal/stack/description"
)

// apiDoors are paths of every HTTP API of a sidecar.
var apiDoors = []string{
	"/v1.0/metadata", "/v1.0/secrets/secrets/AUTH_SIGNING_KEY", "/v1.0/secrets/secrets/bulk", "/v1.0/state/auth-store/x",
	"/v1.0/publish/pubsub-stock/stock", "/v1.0/bindings/mail", "/v1.0/invoke/auth/method/healthz", "/v1.0/configuration/configuration",
	"/v1.0/shutdown", "/v1.0-alpha1/lock/x", "/v1.0/actors/a/b/state/c", "/v1.0/workflows/a/b", "/v1.0/healthz/../metadata", "/anything",
}

// rpc is a call of a sidecar's gRPC API.
type rpc func(context.Context, runtimev1.DaprClient) error

func readState(store string) rpc {
	return func(ctx context.Context, c runtimev1.DaprClient) error {
		_, err := c.GetState(ctx, &runtimev1.GetStateRequest{StoreName: store, Key: "x"})
		return err
	}
}

func readSecret(name string) rpc {
	return func(ctx context.Context, c runtimev1.DaprClient) error {
		_, err := c.GetSecret(ctx, &runtimev1.GetSecretRequest{StoreName: "secrets", Key: name})
		return err
	}
}

func publishing(component, topic string) rpc {
	return func(ctx context.Context, c runtimev1.DaprClient) error {
		_, err := c.PublishEvent(ctx, &runtimev1.PublishEventRequest{PubsubName: "pubsub-" + component, Topic: topic, Data: []byte("{}")})
		return err
	}
}

func subscribing(component, topic string) rpc {
	return func(ctx context.Context, c runtimev1.DaprClient) error { return subscribe(ctx, c, component, topic) }
}

// rpcs are calls of every gRPC API of a sidecar.
var rpcs = map[string]rpc{
	"state":     readState("auth-store"),
	"secret":    readSecret("AUTH_SIGNING_KEY"),
	"publish":   publishing("stock", "stock"),
	"subscribe": subscribing("stock", "stock"),
	"metadata": func(ctx context.Context, c runtimev1.DaprClient) error {
		_, err := c.GetMetadata(ctx, &runtimev1.GetMetadataRequest{})
		return err
	},
	"binding": func(ctx context.Context, c runtimev1.DaprClient) error {
		_, err := c.InvokeBinding(ctx, &runtimev1.InvokeBindingRequest{Name: "mail", Operation: "list"})
		return err
	},
	"invoke": func(ctx context.Context, c runtimev1.DaprClient) error {
		_, err := c.InvokeService(ctx, &runtimev1.InvokeServiceRequest{
			Id: "auth", Message: &common.InvokeRequest{Method: "healthz", HttpExtension: &common.HTTPExtension{Verb: common.HTTPExtension_GET}},
		})
		return err
	},
	"shutdown": func(ctx context.Context, c runtimev1.DaprClient) error {
		_, err := c.Shutdown(ctx, &runtimev1.ShutdownRequest{})
		return err
	},
	"jobs": func(ctx context.Context, c runtimev1.DaprClient) error {
		_, err := c.ScheduleJob(ctx, &runtimev1.ScheduleJobRequest{Job: &runtimev1.Job{Name: "x"}})
		return err
	},
	"lock": func(ctx context.Context, c runtimev1.DaprClient) error {
		_, err := c.TryLockAlpha1(ctx, &runtimev1.TryLockRequest{StoreName: "x", ResourceId: "x", LockOwner: "x", ExpiryInSeconds: 1})
		return err
	},
	"actors": func(ctx context.Context, c runtimev1.DaprClient) error {
		_, err := c.InvokeActor(ctx, &runtimev1.InvokeActorRequest{ActorType: "x", ActorId: "x", Method: "x"})
		return err
	},
}

// subscribe opens a subscription and waits for the sidecar's first word: nil when it takes it.
func subscribe(ctx context.Context, c runtimev1.DaprClient, component, topic string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.SubscribeTopicEventsAlpha1(ctx)
	if err != nil {
		return err
	}
	request := &runtimev1.SubscribeTopicEventsRequestAlpha1{
		SubscribeTopicEventsRequestType: &runtimev1.SubscribeTopicEventsRequestAlpha1_InitialRequest{
			InitialRequest: &runtimev1.SubscribeTopicEventsRequestInitialAlpha1{PubsubName: "pubsub-" + component, Topic: topic},
		},
	}
	if err := stream.Send(request); err != nil && status.Code(err) != codes.Unknown { // io.EOF: the reason comes with Recv
		return err
	}
	_, err = stream.Recv()
	if err != nil && strings.Contains(err.Error(), "is not allowed") {
		return status.Error(codes.PermissionDenied, err.Error()) // the sidecar gives this refusal no code
	}
	return err
}

// Every sidecar asks every caller for the API token; only its health is open.
func TestSidecars_askForTheAPIToken(t *testing.T) {
	for _, app := range apps() {
		t.Run(app, func(t *testing.T) {
			ports := shop.Process(t, app+".sidecar").Ports
			wrong := wrongTokens(tokens.Dapr)
			wrong["the app token"] = tokens.App
			for what, token := range wrong {
				for _, door := range apiDoors {
					for _, method := range []string{"GET", "POST"} {
						answered, body := send(t, method, ports[description.PortHTTP], door, "{}", "dapr-api-token", token, "dapr-app-id", "auth")
						if answered != 401 && answered != 404 && answered != 405 {
							t.Errorf("%s %s with %s: got %d %s", method, door, what, answered, body)
						}
					}
				}
				api := runtimev1.NewDaprClient(dial(t, ports[description.PortGRPC]))
				for name, call := range rpcs {
					// What a sidecar does not serve at all, it refuses before it looks at the token.
					got := status.Code(call(withToken(t.Context(), token), api))
					if got != codes.Unauthenticated && (got != codes.Unimplemented || name == "metadata") {
						t.Errorf("%s with %s: got %v", name, what, got)
					}
				}
			}
			for _, open := range []string{"/v1.0/healthz", "/v1.0/healthz/outbound"} {
				if answered, body := send(t, "GET", ports[description.PortHTTP], open, ""); answered/100 != 2 {
					t.Errorf("%s: got %d %s", open, answered, body)
				}
			}
		})
	}
}

// What a sidecar proxies to the gRPC of another app needs the API token as well.
func TestSidecars_askForTheAPITokenOfProxiedCalls(t *testing.T) {
	conn := dial(t, shop.Process(t, "order-api.sidecar").Ports[description.PortGRPC])
	for what, token := range wrongTokens(tokens.Dapr) {
		ctx := metadata.AppendToOutgoingContext(withToken(t.Context(), token), "dapr-app-id", "inventory-worker")
		if err := quote(ctx, conn, inventoryv1.Stock_Quote_FullMethodName); status.Code(err) != codes.Unauthenticated {
			t.Errorf("with %s: got %v", what, err)
		}
	}
}

func quote(ctx context.Context, conn *grpc.ClientConn, method string) error {
	return conn.Invoke(ctx, method, &inventoryv1.QuoteRequest{}, &inventoryv1.QuoteResponse{})
}

// own is the sidecar's gRPC API of an app, as the app itself reaches it.
func own(t *testing.T, app string) (context.Context, runtimev1.DaprClient) {
	t.Helper()
	return withToken(t.Context(), tokens.Dapr), runtimev1.NewDaprClient(dial(t, shop.Process(t, app+".sidecar").Ports[description.PortGRPC]))
}

// An app that was broken into has the token of its sidecar. It still gets no other app's secrets, documents and topics.
func TestSidecars_giveNothingOfOtherApps(t *testing.T) {
	const missing, refused, unserved = codes.InvalidArgument, codes.PermissionDenied, codes.Unimplemented
	tests := []struct {
		app, what string
		call      rpc
		want      codes.Code
	}{
		{"order-api", "the signing key", readSecret("AUTH_SIGNING_KEY"), unserved},
		{"gateway", "the signing key", readSecret("AUTH_SIGNING_KEY"), unserved},
		{"backoffice", "the first accounts", readSecret("AUTH_BOOTSTRAP"), unserved},
		{"auth", "the broker's password", readSecret("NATS_URL"), refused},
		{"auth", "its own secret", readSecret("AUTH_SIGNING_KEY"), codes.OK},
		{"auth", "the keys of links in mails", readSecret("NOTIFICATION_LINK_KEYS"), refused},
		{"notification", "the signing key", readSecret("AUTH_SIGNING_KEY"), refused},
		{"order-api", "the accounts", readState("auth-store"), missing},
		{"inventory-api", "the orders", readState("order-store"), missing},
		{"gateway", "the accounts", readState("auth-store"), unserved},
		{"order-api", "its own documents", readState("order-store"), codes.OK},
		{"order-api", "stock.reserved", publishing("stock", "stock"), codes.InvalidArgument},
		{"notification", "stock.low, which it only reads", publishing("low-stock", "low-stock"), refused},
		{"inventory-api", "a command", publishing("order-commands", "order-commands"), unserved},
		{"backoffice", "another topic on a broker that it reaches", publishing("stock", "orders-of-somebody"), refused},
		{"inventory-worker", "stock events, which it only writes", subscribing("stock", "stock"), refused},
		{"order-worker", "another topic on a broker that it reaches", subscribing("stock", "order-placed"), refused},
		{"order-api", "commands", subscribing("order-commands", "order-commands"), unserved},
	}
	for _, tt := range tests {
		ctx, api := own(t, tt.app)
		if err := tt.call(ctx, api); status.Code(err) != tt.want {
			t.Errorf("%s gets %s: got %v, want %v", tt.app, tt.what, err, tt.want)
		}
	}
	ctx, api := own(t, "auth")
	all, err := api.GetBulkSecret(ctx, &runtimev1.GetBulkSecretRequest{StoreName: "secrets"})
	if err != nil || len(all.GetData()) != 2 {
		t.Errorf("auth reads %d secrets at once, %v", len(all.GetData()), err)
	}
}

// A sidecar does not serve what its app has no use for, not even to its app.
func TestSidecars_serveNoAPIThatNobodyUses(t *testing.T) {
	for _, app := range apps() {
		ctx, api := own(t, app)
		for _, name := range []string{"invoke", "shutdown", "jobs", "lock", "actors"} {
			if err := rpcs[name](ctx, api); status.Code(err) != codes.Unimplemented {
				t.Errorf("%s: %s: got %v", app, name, err)
			}
		}
		for _, door := range apiDoors {
			if door == "/v1.0/invoke/auth/method/healthz" || door == "/anything" {
				continue // invocation, which some use; it has tests of its own
			}
			if answered, body := ask(t, app, "GET", door, ""); answered != 404 && answered != 405 {
				t.Errorf("%s: %s: got %d %s", app, door, answered, body)
			}
		}
	}
}
