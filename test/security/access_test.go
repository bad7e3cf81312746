package security

import (
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	inventoryv1 "stoa/api/proto/inventory/v1"
	"stoa/internal/stack/description"
)

// invoke calls an operation of another app through a caller's sidecar, in the one way or the other that Dapr has.
func invoke(t *testing.T, caller, callee, method, path string, headers ...string) map[string]int {
	t.Helper()
	statuses := map[string]int{}
	for way, got := range invocations(t, caller, callee, method, path, headers...) {
		statuses[way] = got.status
	}
	return statuses
}

type answer struct {
	status int
	body   string
}

// refused reports that no operation of the app was reached: the policy was against it, the app knows no such path, it took the
// path for an id that is not valid, or the sidecar could make nothing of it, for which it has no other status.
func (a answer) refused() bool {
	switch a.status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound:
		return true
	case http.StatusUnprocessableEntity:
		return strings.Contains(a.body, `"field":"id"`)
	}
	return a.status == http.StatusInternalServerError && strings.Contains(a.body, "ERR_DIRECT_INVOKE")
}

func invocations(t *testing.T, caller, callee, method, path string, headers ...string) map[string]answer {
	t.Helper()
	port := shop.Process(t, caller+".sidecar").Ports[description.PortHTTP]
	headers = append(headers, "dapr-api-token", tokens.Dapr)
	var byURL, byHeader answer
	byURL.status, byURL.body = send(t, method, port, "/v1.0/invoke/"+callee+"/method"+path, "{}", headers...)
	byHeader.status, byHeader.body = send(t, method, port, path, "{}", append(headers, "dapr-app-id", callee)...)
	return map[string]answer{"by URL": byURL, "by header": byHeader}
}

func TestPolicies_letOnlyTheRightAppCall(t *testing.T) {
	const forbidden = http.StatusForbidden
	tests := []struct {
		caller, callee, method, path string
		want                         int
	}{
		// What the apps do, as config/access has it.
		{"gateway", "auth", "GET", "/healthz", 200},
		{"gateway", "auth", "GET", "/api/v1/auth/.well-known/jwks.json", 200},
		{"gateway", "auth", "GET", "/api/v1/auth/profile/mine", 401},
		{"gateway", "inventory-api", "GET", "/api/v1/products", 200},
		{"gateway", "order-api", "GET", "/api/v1/orders/x", 401},
		{"order-api", "auth", "GET", "/api/v1/auth/.well-known/jwks.json", 200},
		{"gateway", "web", "GET", "/products", 200},
		{"gateway", "web", "GET", "/static/x/app.css", 200},
		{"web", "inventory-api", "GET", "/api/v1/products", 200},
		{"web", "auth", "GET", "/internal/sessions/00000000-0000-7000-8000-000000000000", 404},
		{"order-api", "auth", "GET", "/internal/sessions/00000000-0000-7000-8000-000000000000", 404},
		// What only another app may do.
		{"gateway", "auth", "GET", "/internal/sessions/x", forbidden},
		{"order-api", "auth", "GET", "/healthz", forbidden},
		{"order-api", "auth", "GET", "/api/v1/auth/profile/mine", forbidden},
		{"notification", "auth", "POST", "/api/v1/auth/signin/basic", forbidden},
		{"inventory-api", "auth", "GET", "/api/v1/auth/verify/apikey", forbidden},
		{"order-api", "inventory-api", "GET", "/api/v1/products", forbidden},
		{"notification", "backoffice", "GET", "/api/v1/backoffice/dead-letters", forbidden},
		{"backoffice", "notification", "GET", "/api/v1/notifications", forbidden},
		// What only the app's own sidecar may do, or nobody.
		{"gateway", "backoffice", "POST", "/compact", forbidden},
		{"gateway", "auth", "GET", "/metrics", forbidden},
		{"gateway", "web", "GET", "/metrics", forbidden},
		{"gateway", "web", "GET", "/internal/accounts/x/data", forbidden},
		{"web", "inventory-api", "POST", "/search", forbidden},
		{"web", "auth", "GET", "/internal/accounts/x/data", forbidden},
		{"order-api", "web", "GET", "/products", forbidden},
		{"gateway", "order-api", "GET", "/readyz", forbidden},
		{"gateway", "order-api", "GET", "/dapr/config", forbidden},
		// The right path with the wrong verb.
		{"order-api", "auth", "DELETE", "/internal/sessions/x", forbidden},
		{"order-api", "auth", "POST", "/internal/sessions/x", forbidden},
		{"gateway", "auth", "DELETE", "/healthz", forbidden},
	}
	for _, tt := range tests {
		for way, got := range invoke(t, tt.caller, tt.callee, tt.method, tt.path) {
			if got != tt.want {
				t.Errorf("%s calls %s %s of %s, %s: got %d, want %d", tt.caller, tt.method, tt.path, tt.callee, way, got, tt.want)
			}
		}
	}
}

// Who calls is what the certificate says, whatever the request says.
func TestPolicies_trustNoHeaders(t *testing.T) {
	for way, got := range invoke(t, "order-api", "auth", "GET", "/healthz",
		"dapr-caller-app-id", "gateway", "dapr-caller-namespace", "default", "x-forwarded-client-cert", "URI=spiffe://public/ns/default/gateway") {
		if got != http.StatusForbidden {
			t.Errorf("%s: got %d", way, got)
		}
	}
}

// tricks write a forbidden path in ways that a policy might take for an allowed one, and an app for the forbidden one.
func tricks(allowed, forbidden string) map[string]string {
	depth := strings.Count(allowed, "/")
	encode := func(path, slash string) string { return "/" + strings.ReplaceAll(path[1:], "/", slash) }
	return map[string]string{
		"plain":                       forbidden,
		"dot segments":                allowed + strings.Repeat("/..", depth) + forbidden,
		"encoded dots":                allowed + strings.Repeat("/%2e%2e", depth) + forbidden,
		"dots encoded twice":          allowed + strings.Repeat("/%252e%252e", depth) + forbidden,
		"encoded slashes":             allowed + strings.Repeat("%2f..", depth) + encode(forbidden, "%2f"),
		"slashes encoded twice":       allowed + strings.Repeat("%252f..", depth) + "%252f" + strings.ReplaceAll(forbidden[1:], "/", "%252f"),
		"slashes encoded thrice":      allowed + strings.Repeat("%25252f..", depth) + "%25252f" + strings.ReplaceAll(forbidden[1:], "/", "%25252f"),
		"only slashes encoded twice":  encode(forbidden, "%252f"),
		"two slashes":                 "/" + forbidden,
		"two slashes within":          encode(forbidden, "//"),
		"a dot segment":               "/." + forbidden,
		"a slash at the end":          forbidden + "/",
		"two slashes at the end":      forbidden + "//",
		"a dot at the end":            forbidden + "/.",
		"capitals":                    strings.ToUpper(forbidden),
		"a query":                     forbidden + "?" + allowed,
		"an encoded query":            allowed + "%3f/../.." + forbidden,
		"a query encoded twice":       allowed + "%253f/../.." + forbidden,
		"an encoded fragment":         allowed + "%23/../.." + forbidden,
		"a fragment encoded twice":    allowed + "%2523" + strings.Repeat("/..", depth) + forbidden,
		"a parameter":                 allowed + ";" + strings.Repeat("/..", depth) + forbidden,
		"a backslash":                 allowed + strings.Repeat(`\..`, depth) + forbidden,
		"encoded backslashes":         allowed + strings.Repeat("%5c..", depth) + forbidden,
		"a NUL":                       forbidden + "%00" + allowed,
		"a line break":                forbidden + "%0d%0a" + allowed,
		"overlong UTF-8":              allowed + strings.Repeat("/%c0%ae%c0%ae", depth) + forbidden,
		"another app in the path":     "/v1.0/invoke/auth/method" + forbidden,
		"below what is allowed":       allowed + forbidden,
		"an encoded letter":           strings.Replace(forbidden, "a", "%61", 1),
		"a letter encoded twice":      strings.Replace(forbidden, "a", "%2561", 1),
		"dots behind a real path":     forbidden + "/x/..",
		"dots behind an encoded path": forbidden + "%2fx%2f..",
	}
}

// None of the tricks reaches an operation that the policy forbids. All of these answer 2xx or 401 when they are reached.
func TestPolicies_holdForEncodedPaths(t *testing.T) {
	tests := []struct{ caller, callee, method, allowed, forbidden string }{
		{"order-api", "auth", "GET", "/internal/sessions/x", "/healthz"},
		{"order-api", "auth", "GET", "/internal/sessions/x", "/metrics"},
		{"order-api", "auth", "GET", "/internal/sessions/x", "/api/v1/auth/profile/mine"},
		{"backoffice", "auth", "GET", "/api/v1/auth/.well-known/jwks.json", "/openapi.json"},
		{"gateway", "backoffice", "POST", "/api/v1/backoffice/fulfilments", "/compact"},
		{"gateway", "auth", "GET", "/api/v1/auth/profile/mine", "/metrics"},
		{"gateway", "order-api", "GET", "/api/v1/orders/x/y/z", "/openapi.json"},
		{"notification", "inventory-api", "GET", "/api/v1/auth/.well-known/jwks.json", "/api/v1/products"},
	}
	for _, tt := range tests {
		for trick, path := range tricks(tt.allowed, tt.forbidden) {
			for way, got := range invocations(t, tt.caller, tt.callee, tt.method, path) {
				if !got.refused() {
					t.Errorf("%s calls %s of %s with %s, %s (%s): got %v", tt.caller, tt.forbidden, tt.callee, trick, way, path, got)
				}
			}
		}
	}
}

func TestPolicies_letOnlyOrderAPIAskForQuotes(t *testing.T) {
	methods := []string{
		inventoryv1.Stock_Quote_FullMethodName, "/inventory.v1.Stock/../inventory.v1.Stock/Quote", "//inventory.v1.Stock/Quote",
		"/inventory.v1.Stock/./Quote", "/INVENTORY.v1.Stock/Quote", "/inventory.v1.Stock/Quote/", "/inventory.v1.Stock%2fQuote",
	}
	for _, caller := range apps() {
		conn := dial(t, shop.Process(t, caller+".sidecar").Ports[description.PortGRPC])
		for _, method := range methods {
			if caller == "order-api" || caller == "inventory-worker" { // the latter calls itself, past all policies
				continue
			}
			ctx := metadata.AppendToOutgoingContext(withToken(t.Context(), tokens.Dapr), "dapr-app-id", "inventory-worker",
				"dapr-caller-app-id", "order-api")
			if got := status.Code(quote(ctx, conn, method)); got != codes.PermissionDenied && got != codes.Unimplemented {
				t.Errorf("%s calls %s: got %v", caller, method, got)
			}
		}
	}
	conn := dial(t, shop.Process(t, "order-api.sidecar").Ports[description.PortGRPC])
	ctx := metadata.AppendToOutgoingContext(withToken(t.Context(), tokens.Dapr), "dapr-app-id", "inventory-worker")
	if got := status.Code(quote(ctx, conn, methods[0])); got == codes.PermissionDenied {
		t.Errorf("order-api: got %v", got)
	}
	// By gRPC no app of HTTP can be reached either.
	ctx = metadata.AppendToOutgoingContext(withToken(t.Context(), tokens.Dapr), "dapr-app-id", "auth")
	if got := status.Code(quote(ctx, conn, "/healthz")); got == codes.OK {
		t.Errorf("gRPC to an app of HTTP: got %v", got)
	}
}
