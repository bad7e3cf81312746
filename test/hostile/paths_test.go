package hostile

import (
	"net/http"
	"slices"
	"strings"

	"stoa/test/client"
)

// hidden are the statuses of what cannot be reached from outside.
var hidden = []int{http.StatusNotFound, http.StatusBadRequest}

// oddPaths are paths that somebody on the way may read otherwise than the gateway does.
func oddPaths(w *world) map[string]string {
	order := "/api/v1/orders/" + w.order.ID
	return map[string]string{
		"up":                           "/api/v1/orders/../auth/profile/mine",
		"up, encoded":                  "/api/v1/orders/%2e%2e/auth/profile/mine",
		"up, encoded in capitals":      "/api/v1/orders/%2E%2E/backoffice/fulfilments",
		"up, half encoded":             "/api/v1/orders/.%2e/backoffice/fulfilments",
		"up, encoded twice":            "/api/v1/orders/%252e%252e/backoffice/fulfilments",
		"up, with its slash encoded":   "/api/v1/orders/..%2fbackoffice%2ffulfilments",
		"up, encoded twice with slash": "/api/v1/orders/..%252fbackoffice%252ffulfilments",
		"up, by a backslash":           `/api/v1/orders/..\backoffice\fulfilments`,
		"up, by an encoded backslash":  "/api/v1/orders/..%5cbackoffice%5cfulfilments",
		"up, behind a parameter":       "/api/v1/orders/..;/backoffice/fulfilments",
		"up, in overlong UTF-8":        "/api/v1/orders/%c0%ae%c0%ae/backoffice/fulfilments",
		"up, with an overlong slash":   "/api/v1/orders/..%c0%afbackoffice",
		"up, in wide dots":             "/api/v1/orders/%ef%bc%8e%ef%bc%8e/backoffice/fulfilments",
		"up, beyond the root":          "/api/v1/../../../../../../etc/passwd",
		"up, to the app's probes":      "/api/v1/orders/../../../readyz",
		"up, to the sidecar":           "/api/v1/orders/../../../v1.0/metadata",
		"up, to another app":           "/api/v1/orders/../../../../backoffice/method/compact",
		"here":                         "/api/v1/orders/./" + w.order.ID,
		"here, encoded":                "/api/v1/orders/%2e/" + w.order.ID,
		"with two slashes":             "/api/v1//orders",
		"with two slashes at first":    "//api/v1/orders",
		"with two slashes at last":     order + "//events",
		"with a slash at last":         order + "/",
		"with an encoded slash":        "/api/v1/orders%2f" + w.order.ID,
		"with an encoded slash, again": "/api%2fv1%2forders",
		"with a fragment":              order + "%23/events",
		"with a query, encoded":        order + "%3fadmin=true",
		"with a parameter":             order + ";role=ADMIN",
		"with a parameter before it":   "/api/v1/orders;v=1/" + w.order.ID,
		"with a zero":                  order + "%00",
		"with a zero and a name":       order + "%00.json",
		"with a new line":              order + "%0d%0aX-Injected:%201",
		"with a line of a request":     order + "%20HTTP/1.1%0d%0aHost:%20evil",
		"with an escape":               order + "%1b[2J",
		"with a delete":                order + "%7f",
		"with a percent":               order + "%25",
		"with an encoded percent":      order + "%2500",
		"not in UTF-8":                 "/api/v1/orders/%ff%fe",
		"in another case":              "/API/V1/ORDERS/" + w.order.ID,
		"in half another case":         "/api/v1/Orders",
		"of another version":           "/api/v2/orders",
		"with a name at last":          "/api/v1/orders.json",
		"of a longer name":             "/api/v1/ordersX/" + w.order.ID,
		"of a shorter name":            "/api/v1/order",
		"of no name":                   "/api/v1",
		"of 12 kB":                     "/api/v1/orders/" + strings.Repeat("x/", 6<<10),
	}
}

// insidePaths lead to what is there, but not for those outside.
func insidePaths(w *world) map[string]string {
	return map[string]string{
		"to the root's probes":         "/api/v1/readyz",
		"to metrics":                   "/metrics",
		"to metrics of an app":         "/api/v1/orders/metrics/../../../../metrics",
		"to profiles of the process":   "/debug/pprof/heap",
		"to a description":             "/openapi.json",
		"to a schedule":                "/compact",
		"to the sidecar's metadata":    "/v1.0/metadata",
		"to the sidecar's secrets":     "/v1.0/secrets/secrets/AUTH_SIGNING_KEY",
		"to the sidecar's state":       "/v1.0/state/auth-store/account:" + w.alice.ID,
		"to the sidecar's apps":        "/v1.0/invoke/backoffice/method/compact",
		"to the sidecar's broker":      "/v1.0/publish/pubsub-order-commands/order-commands",
		"to the sidecar's end":         "/v1.0/shutdown",
		"to callbacks of the sidecar":  "/dapr/subscribe",
		"to the configuration":         "/dapr/config",
		"to what is inside":            "/internal/sessions/" + unknown,
		"to what is inside, below":     "/api/v1/auth/../../../internal/sessions/" + unknown,
		"to what is inside, as a name": "/api/v1/internal/sessions/" + unknown,
		"to a file":                    "/.env",
		"to a repository":              "/.git/config",
		"to the administration":        "/wp-admin",
	}
}

// oddTargets stand where a path should.
func oddTargets(w *world) map[string]string {
	return map[string]string{
		"of another host":           "http://evil.example/v1.0/metadata",
		"of the sidecar":            "http://127.0.0.1:3600/v1.0/metadata",
		"of a file":                 "file:///etc/passwd",
		"with a user":               "http://admin:admin@" + w.address() + "/v1.0/metadata",
		"of a host without a path":  "http://evil.example",
		"of TLS":                    "https://" + w.address() + "/metrics",
		"of a host in two slashes":  "//evil.example/api/v1/orders",
		"with a fragment":           "/api/v1/orders/" + w.order.ID + "#/events",
		"without a slash":           "api/v1/orders",
		"that is a host":            "evil.example:443",
		"that is a star":            "*",
		"with a space":              "/api/v1/orders /x",
		"with a space, and version": "/api/v1/orders HTTP/1.1 HTTP/1.0",
		"that is empty":             "",
		"with letters as they are":  "/api/v1/orders/ключ",
		"with a tab":                "/api/v1/orders/\tx",
		"with a percent alone":      "/api/v1/orders/%",
		"with a broken escape":      "/api/v1/orders/%zz",
		"with a long escape":        "/api/v1/orders/%u002e%u002e/auth",
		"with a bracket":            "/api/v1/orders/[::1]",
		"with quotes":               `/api/v1/orders/"><script>`,
	}
}

// pathAttacks look for what is behind the gateway.
func pathAttacks(w *world) []attack {
	wire := func(target string) string { return w.ask("GET", target, w.staff).String() }
	long := attack{
		name: "path of 64 kB", wire: w.ask("GET", "/api/v1/orders/"+strings.Repeat("x", 64<<10), client.User{}).String(),
		want: []int{http.StatusRequestHeaderFieldsTooLarge}, plain: true,
	}
	return slices.Concat(
		[]attack{long}, each("path", oddPaths(w), attack{want: hidden}, wire), each("path", insidePaths(w), attack{want: hidden}, wire),
		each("target", oddTargets(w), attack{want: append(hidden, http.StatusMethodNotAllowed, http.StatusUnprocessableEntity), plain: true}, wire),
	)
}
