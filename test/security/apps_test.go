package security

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	runtimev1 "github.com/dapr/dapr/pkg/proto/runtime/v1"
	"google.golang.org/protobuf/types/known/emptypb"

	inventoryv1 "stoa/api/proto/inventory/v1"
	"stoa/internal/stack/description"
)

// wrongTokens are what somebody may show who does not know the token.
func wrongTokens(right string) map[string]string {
	return map[string]string{
		"no token":          "",
		"a wrong token":     strings.Repeat("x", len(right)),
		"a shorter token":   right[:len(right)-1],
		"a longer token":    right + "x",
		"the other token":   tokens.Dapr + tokens.App, // and below each of both in the place of the other
		"one letter":        "x",
		"the token, spaced": right + "%20",
	}
}

// httpDoors are paths of every kind that an app might answer: of people, of machines, of Dapr's callbacks.
var httpDoors = []string{
	"/api/v1/orders", "/api/v1/products", "/api/v1/notifications", "/api/v1/backoffice/dead-letters", "/api/v1/auth/profile/mine",
	"/api/v1/auth/.well-known/jwks.json", "/internal/sessions/1", "/openapi.json", "/compact", "/dapr/config", "/dapr/subscribe",
	"/job/any", "/healthz/", "/Healthz", "/healthz%2f", "//healthz", "/x/../healthz", "/nowhere",
}

// Every app takes calls of its own sidecar alone, by the app token; probes are for everybody on the machine.
func TestApps_takeCallsOfTheirSidecarsAlone(t *testing.T) {
	for _, app := range httpApps(t) {
		t.Run(app, func(t *testing.T) {
			port := shop.Process(t, app).Ports[description.PortApp]
			wrong := wrongTokens(tokens.App)
			wrong["the API token"] = tokens.Dapr
			for what, token := range wrong {
				for _, door := range httpDoors {
					for _, method := range []string{"GET", "POST", "OPTIONS"} {
						if status, body := send(t, method, port, door, "{}", "dapr-api-token", token); status != 401 {
							t.Errorf("%s %s with %s: got %d %s", method, door, what, status, body)
						}
					}
				}
			}
			for _, probe := range []string{"/healthz", "/readyz", "/metrics"} {
				if status, body := send(t, "GET", port, probe, ""); status != 200 {
					t.Errorf("%s: got %d %s", probe, status, body)
				}
			}
			if status, _ := send(t, "GET", port, "/nowhere", "", "dapr-api-token", tokens.App); status != 404 {
				t.Errorf("with the right token: got %d", status)
			}
		})
	}
}

// What serves probes beside an app that speaks no HTTP, or speaks it to people, serves nothing else.
func TestApps_serveOnlyProbesOnProbePorts(t *testing.T) {
	for _, app := range apps() {
		port := shop.Process(t, app).Ports[description.PortProbe]
		if port == 0 {
			continue
		}
		for _, door := range slices.Concat(httpDoors, []string{"/debug/pprof/"}) {
			if status, body := send(t, "POST", port, door, "{}", "dapr-api-token", tokens.App); status/100 == 2 {
				t.Errorf("%s: %s: got %d %s", app, door, status, body)
			}
		}
	}
}

func TestApps_askForTheAppTokenOfRPC(t *testing.T) {
	conn := dial(t, shop.Process(t, "inventory-worker").Ports[description.PortApp])
	stock, callback := inventoryv1.NewStockClient(conn), runtimev1.NewAppCallbackClient(conn)
	wrong := wrongTokens(tokens.App)
	wrong["the API token"] = tokens.Dapr
	for what, token := range wrong {
		ctx := withToken(t.Context(), token)
		if _, err := stock.Quote(ctx, &inventoryv1.QuoteRequest{}); status.Code(err) != codes.Unauthenticated {
			t.Errorf("a quote with %s: got %v", what, err)
		}
		// Nobody serves these; what a sidecar asks of an app when it starts, it asks without the token.
		if _, err := callback.OnTopicEvent(ctx, &runtimev1.TopicEventRequest{}); status.Code(err) != codes.Unimplemented {
			t.Errorf("an event with %s: got %v", what, err)
		}
		if _, err := callback.OnBindingEvent(ctx, &runtimev1.BindingEventRequest{}); status.Code(err) != codes.Unimplemented {
			t.Errorf("a binding with %s: got %v", what, err)
		}
		if _, err := callback.ListTopicSubscriptions(ctx, &emptypb.Empty{}); status.Code(err) != codes.Unimplemented {
			t.Errorf("subscriptions with %s: got %v", what, err)
		}
		if _, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{}); status.Code(err) != codes.Unimplemented {
			t.Errorf("health with %s: got %v", what, err)
		}
	}
	if _, err := stock.Quote(withToken(t.Context(), tokens.App), &inventoryv1.QuoteRequest{}); status.Code(err) == codes.Unauthenticated {
		t.Errorf("with the right token: got %v", err)
	}
}
