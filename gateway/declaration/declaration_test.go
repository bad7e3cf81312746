package declaration

import (
	"slices"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/must"
)

// good is a file with something of everything.
const good = `
_format_version: "3.0"
services:
  - name: orders
    url: http://localhost:3600/v1.0/invoke/order-api/method
    retries: 0
    connect_timeout: 1000
    write_timeout: 2000
    read_timeout: 3000
    tags: [shop]
    plugins:
      - {name: rate-limiting, config: {minute: 20, limit_by: service}}
    routes:
      - name: orders
        paths: ['~/orders(/.*)?$']
        methods: [GET, POST]
        strip_path: false
      - name: events
        paths: ['~/orders/[^/]+/events$', /events]
        methods: [GET]
        protocols: [http, https]
        regex_priority: 1
        strip_path: false
        preserve_host: false
        request_buffering: true
        response_buffering: false
        plugins:
          - {name: rate-limiting, instance_name: events, config: {second: 5, limit_by: ip, policy: local}}
          - {name: cors, enabled: false, config: {origins: ["https://b.example"], methods: [GET]}}
  - name: products
    protocol: http
    host: localhost
    port: 3600
    path: /v1.0/invoke/inventory-api/method
    retries: 0
    connect_timeout: 1000
    write_timeout: 2000
    read_timeout: 3000
    routes:
      - {name: short, paths: [/p], methods: [GET], strip_path: false}
      - {name: long, paths: [/products], methods: [GET], strip_path: false}
  - {name: off, enabled: false, url: http://localhost:3600/v1.0/invoke/off/method, retries: 0}
routes:
  - name: nothing
    paths: [/]
    strip_path: false
    plugins: [{name: request-termination, config: {status_code: 404, content_type: application/problem+json, body: "{}"}}]
plugins:
  - name: cors
    config: {origins: &origins ["https://a.example"], methods: [GET, POST], headers: null}
  - {name: rate-limiting, config: {hour: 9, limit_by: ip}}
  - {name: stoa-api-key, config: {permission: shop, verification_urls: *origins}}
  - {name: request-size-limiting, config: {allowed_payload_size: 2, size_unit: kilobytes}}
  - {name: correlation-id, config: {header_name: X-Request-Id, generator: uuid, echo_downstream: true}}
  - {name: proxy-cache, config: {strategy: memory, cache_control: true, response_code: [200], request_method: [GET, HEAD], content_type: [a/b]}}
`

func routes(t *testing.T) map[string]Route {
	t.Helper()
	all := must.Get(Parse("kong.yml", []byte(good)))(t)
	byName := map[string]Route{}
	var order []string
	for _, r := range all {
		byName[r.Name] = r
		order = append(order, r.Name)
	}
	if want := []string{"events", "orders", "long", "short", "nothing"}; !slices.Equal(order, want) {
		t.Errorf("got the order %v, want %v", order, want)
	}
	return byName
}

func TestParse_compilesRoutes(t *testing.T) {
	all := routes(t)
	orders := all["orders"]
	if orders.App != "order-api" || orders.Service != "orders" || orders.Timeout != 3*time.Second || !slices.Equal(orders.Methods, []string{"GET", "POST"}) {
		t.Errorf("got %+v", orders)
	}
	if rest := all["nothing"]; rest.Plugins.Termination == nil || rest.Plugins.RateLimiting != all["long"].Plugins.RateLimiting || !rest.Matches("/x") {
		t.Errorf("what no other route takes: got %+v", rest)
	}
	if app := all["long"].App; app != "inventory-api" {
		t.Errorf("a URL in parts: got %q", app)
	}
	for path, want := range map[string]bool{
		"/orders": true, "/orders/1": true, "/orders/1/x": true, "/ordersX": false, "/orders.json": false, "/x/orders": false, "/": false,
	} {
		if orders.Matches(path) != want {
			t.Errorf("%s: got %v", path, !want)
		}
	}
	for path, want := range map[string]bool{"/products": true, "/productsX": true, "/p": false} {
		if all["long"].Matches(path) != want {
			t.Errorf("a plain prefix, %s: got %v", path, !want)
		}
	}
}

// Only the most specific instance counts.
func TestParse_choosesThePlugins(t *testing.T) {
	all := routes(t)
	if got := all["orders"].Plugins.RateLimiting; got.Minute != 20 || got.Hour != 0 {
		t.Errorf("of the service: got %+v", got)
	}
	if got := all["events"].Plugins.RateLimiting; got.Second != 5 || got.Minute != 0 || got.Instance != "events" {
		t.Errorf("of the route: got %+v", got)
	}
	if got := all["long"].Plugins.RateLimiting; got.Hour != 9 || got != all["short"].Plugins.RateLimiting {
		t.Errorf("for all: got %+v, and %p and %p", got, got, all["short"].Plugins.RateLimiting)
	}
	if got := all["events"].Plugins.CORS; got.Origins[0] != "https://a.example" {
		t.Errorf("one that is off hides none: got %+v", got)
	}
	plugins := all["short"].Plugins
	if plugins.SizeLimiting.MaxBytes() != 2048 || plugins.APIKey.Permission != "shop" || plugins.APIKey.CacheSeconds != 4 || plugins.CorrelationID == nil || plugins.ProxyCache.ContentType[0] != "a/b" {
		t.Errorf("got %+v", plugins)
	}
}

// Each case changes one thing of the good file; the error must name the line, the place and the thing.
func TestParse_refusesWhatIsNotSupported(t *testing.T) {
	const line = "kong.yml:"
	for _, tt := range []struct{ old, new, want string }{
		{`"3.0"`, `"2.1"`, `_format_version must be "3.0"`},
		{"_format_version", "_transform: true\n_format_version", line + "2: _transform is not supported here"},
		{"services:", "consumers: []\nservices:", "consumers is not supported here; supported are _format_version, services, routes, plugins"},
		{"name: orders\n    url", "client_certificate: x\n    name: orders\n    url", "client_certificate is not supported"},
		{"retries: 0\n", "retries: 5\n", "service orders: retries must be 0"},
		{"    retries: 0\n", "", "service orders: retries must be 0"},
		{"read_timeout: 3000", "read_timeout: 0", "service orders: connect_timeout, write_timeout and read_timeout are needed"},
		{"read_timeout: 3000", "read_timeout: soon", "line 9: cannot unmarshal !!str `soon` into int"},
		{"method\n    retries", "methods\n    retries", "must be the sidecar's operation"},
		{"http://localhost:3600/v1.0/invoke/order-api/method", "https://order-api", "https://order-api is not a plain http URL"},
		{"method\n    retries", "method\n    host: x\n    retries", "url already says"},
		{"strip_path: false\n      - name", "strip_path: true\n      - name", "route orders: strip_path must be false"},
		{"        strip_path: false\n      - name", "      - name", line + "14: service orders: route orders: strip_path must be false"},
		{"preserve_host: false", "preserve_host: true", "route events: preserve_host must be false"},
		{"protocols: [http, https]", "protocols: [grpc]", "route events: protocols"},
		{"methods: [GET, POST]\n        strip", "strip", "route orders: methods are missing"},
		{"methods: [GET, POST]\n        strip", "methods: [GET, CONNECT]\n        strip", "methods: CONNECT is not one of"},
		{"        methods: [GET, POST]\n", "        methods: [GET, POST]\n        hosts: [a]\n", line + "17: hosts is not supported"},
		{"        methods: [GET, POST]\n", "        methods: [GET, POST]\n        methods: [GET]\n", `line 17: mapping key "methods" already defined at line 16`},
		{"['~/orders(/.*)?$']", "['~/orders(']", "route orders: paths: ~/orders( cannot be read"},
		{"['~/orders(/.*)?$']", "[orders]", "orders does not begin with / or ~/"},
		{"['~/orders(/.*)?$']", "/orders", "cannot unmarshal !!str `/orders` into []string"},
		{"name: long", "name: short", "two routes have the name short"},
		{"name: cors\n", "name: key-auth\n", "plugin key-auth is not supported by the built-in gateway; supported are correlation-id, cors"},
		{"plugins:\n  - name: cors", "plugins:\n  - {name: cors, config: {origins: [https://a.example], methods: [GET]}}\n  - name: cors", "plugin cors: is there twice"},
		{"headers: null", "private_network: true", "plugin cors: config: private_network is not supported"},
		{"headers: null", "credentials: yes please", "plugin cors: config: yaml: unmarshal errors:"},
		{`["https://a.example"]`, `["*"]`, ""},
		{`["https://a.example"], methods: [GET, POST]`, `["*"], methods: [GET], credentials: true`, "origins: * with credentials"},
		{`["https://a.example"]`, `["*", "https://a.example"]`, "origins: * already includes"},
		{`["https://a.example"]`, `["https://.*"]`, "https://.* is not a plain origin"},
		{`["https://a.example"]`, `[]`, "origins: name them"},
		{"hour: 9, ", "", "one of second, minute and hour is needed"},
		{"hour: 9, ", "day: 9, ", "plugin rate-limiting: config: day is not supported"},
		{"hour: 9, ", "hour: -1, ", "a limit is at least 1"},
		{"hour: 9, limit_by: ip", "hour: 9", "limit_by: ip, header, service or path, not consumer"},
		{"hour: 9, limit_by: ip", "hour: 9, limit_by: header", "header_name: limit_by header needs it"},
		{"hour: 9, limit_by: ip", "hour: 9, limit_by: path", "path: limit_by path needs it"},
		{"policy: local", "policy: redis", "route events: plugin rate-limiting: config: policy: local, not redis"},
		{"permission: shop", "permission: shops", "permission: shop, blog, or empty"},
		{"permission: shop", "cache_seconds: 6", "cache_seconds: 0 to 5"},
		{"permission: shop", "timeout_ms: 0", "timeout_ms: at least 1"},
		{"permission: shop", "limit_per_minute: -1", "limit_per_minute: 0"},
		{"size_unit: kilobytes", "size_unit: gigabytes", "size_unit: bytes, kilobytes or megabytes, not gigabytes"},
		{"size_unit: kilobytes", "size_unit: megabytes", "no app reads more than"},
		{"generator: uuid", "generator: tracker", "generator: uuid"},
		{"echo_downstream: true", "echo_downstream: false", "echo_downstream: true"},
		{"header_name: X-Request-Id", "header_name: Kong-Request-ID", "header_name: X-Request-Id"},
		{"strategy: memory", "strategy: redis", "strategy: memory"},
		{"cache_control: true, ", "", "cache_control: true"},
		{"strategy: memory", "strategy: memory, memory: {dictionary_name: d}, cache_ttl: 0", "cache_ttl: at least 1"},
		{"strategy: memory", "strategy: memory, vary_headers: [Accept]", "vary_headers: of Accept-Language and Cookie"},
		{"response_code: [200]", "response_code: [200, 404]", "response_code: [200]"},
		{"response_code: [200], ", "", "response_code: [200]"},
		{"request_method: [GET, HEAD]", "request_method: [GET, POST]", "request_method: of GET and HEAD"},
		{"request_method: [GET, HEAD], ", "", "request_method: of GET and HEAD"},
		{", content_type: [a/b]", "", "content_type: name them"},
		{"paths: [/]\n", "paths: [/x]\n", "route nothing: paths: the plugin request-termination is for what no other route has"},
		{"name: request-termination", "name: request-termination, enabled: false", "route nothing: a route without a service needs"},
		{"status_code: 404", "status_code: 503", "status_code: 404"},
		{"content_type: application/problem+json", "content_type: text/plain", "content_type: application/problem+json"},
	} {
		t.Run(tt.old+" -> "+tt.new, func(t *testing.T) {
			changed := strings.Replace(good, tt.old, tt.new, 1)
			if changed == good {
				t.Fatal("the case changes nothing")
			}
			_, err := Parse("kong.yml", []byte(changed))
			switch {
			case tt.want == "":
				if err != nil {
					t.Errorf("got %v", err)
				}
			case err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), line):
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestParse_refusesFilesWithoutRoutes(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "no YAML": "a: [", "no routes": `_format_version: "3.0"`, "a list": "- 1",
	} {
		if routes, err := Parse("kong.yml", []byte(text)); err == nil {
			t.Errorf("%s: got %v", name, routes)
		}
	}
	if _, err := Load("missing.yml"); err == nil || !strings.Contains(err.Error(), "missing.yml") {
		t.Errorf("got %v", err)
	}
}

func TestParse_namesEveryProblem(t *testing.T) {
	text := strings.Replace(strings.Replace(good, "policy: local", "policy: redis", 1), "name: cors\n", "name: jwt\n", 1)
	_, err := Parse("kong.yml", []byte(text))
	if err == nil || !strings.Contains(err.Error(), "redis") || !strings.Contains(err.Error(), "jwt") {
		t.Errorf("got %v", err)
	}
}
