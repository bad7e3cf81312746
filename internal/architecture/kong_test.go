package architecture

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"stoa/api/access"
	"stoa/gateway/edge/request"
	"stoa/pkg/common/must"
)

// The tests of this file hold the table of routes against the apps and their operations. They route as Kong's
// documentation says that Kong does, not as the built-in gateway does: both read the same file.

const kongFile = "gateway/kong/kong.yml"

type kongPlugin struct {
	Name   string
	Config map[string]any
}

type kongRoute struct {
	Name           string
	Paths, Methods []string
	RegexPriority  int   `yaml:"regex_priority"`
	StripPath      *bool `yaml:"strip_path"`
	Plugins        []kongPlugin

	service  kongService
	patterns []*regexp.Regexp // of the paths
}

type kongService struct {
	Name, URL string
	Routes    []kongRoute
	Plugins   []kongPlugin
}

type kongTable struct {
	Services []kongService
	Plugins  []kongPlugin
}

func kong(t *testing.T) kongTable {
	t.Helper()
	var table kongTable
	must.Do(t, yaml.Unmarshal([]byte(read(t, kongFile)), &table))
	for _, service := range table.Services {
		for i, route := range service.Routes {
			for _, pattern := range route.Paths {
				route.patterns = append(route.patterns, must.Get(regexp.Compile("^"+strings.TrimPrefix(pattern, "~")))(t))
			}
			service.Routes[i] = route
		}
	}
	return table
}

// matching returns the routes for a request that none goes before, in Kong's order: a regular expression is anchored
// where the path begins, and where several match, the highest regex_priority counts.
func (table kongTable) matching(method, path string) []kongRoute {
	var best []kongRoute
	for _, service := range table.Services {
		for _, route := range service.Routes {
			matches := func(pattern *regexp.Regexp) bool { return pattern.MatchString(path) }
			if !slices.Contains(route.Methods, method) || !slices.ContainsFunc(route.patterns, matches) {
				continue
			}
			route.service = service
			if len(best) > 0 && route.RegexPriority > best[0].RegexPriority {
				best = nil
			}
			if len(best) == 0 || route.RegexPriority == best[0].RegexPriority {
				best = append(best, route)
			}
		}
	}
	return best
}

// plugin returns the settings of the one plugin of this name that runs for a route: its own, its service's, or all's.
func (table kongTable) plugin(route kongRoute, name string) (settings map[string]any, found bool) {
	for _, plugins := range [][]kongPlugin{route.Plugins, route.service.Plugins, table.Plugins} {
		for _, plugin := range plugins {
			if plugin.Name == name {
				return plugin.Config, true
			}
		}
	}
	return nil, false
}

// throughSidecar is the URL at which the gateway's sidecar reaches an app.
func throughSidecar(t *testing.T, app string) string {
	t.Helper()
	for _, a := range describe(t).Apps {
		if a.Public() {
			return fmt.Sprintf("http://localhost:%d/v1.0/invoke/%s/method", a.Ports.HTTP, app)
		}
	}
	t.Fatal("dapr.yaml has no gateway")
	return ""
}

func TestKong_servicesAreApps(t *testing.T) {
	table, known := kong(t), map[string]bool{}
	for _, app := range describe(t).Apps {
		known[throughSidecar(t, app.ID)] = app.Called() && app.Protocol == "http"
	}
	for _, service := range table.Services {
		if !known[service.URL] {
			t.Errorf("%s: the service %s is at %s, where no app is that speaks HTTP", kongFile, service.Name, service.URL)
		}
		for _, route := range service.Routes {
			if route.StripPath == nil || *route.StripPath {
				t.Errorf("%s: the route %s takes away a part of the path", kongFile, route.Name)
			}
			route.service = service
			config, found := table.plugin(route, "stoa-api-key")
			want := []any{throughSidecar(t, "auth") + request.VerifyKeyPath}
			if urls, _ := config["verification_urls"].([]any); !found || !slices.Equal(urls, want) {
				t.Errorf("%s: for %s, keys are verified at %v, want %v", kongFile, route.Name, urls, want)
			}
		}
	}
}

// permission is what an API key needs for an operation, as kong.yml writes it.
func permission(rule access.Rule) any {
	if rule.Key == access.AnyKey || rule.Key == access.NotEvenAKey {
		return nil
	}
	return rule.Key
}

func TestKong_reachesEveryOperation(t *testing.T) {
	table, used := kong(t), map[string]bool{}
	operations := must.Get(access.Operations())(t)
	rules := must.Get(access.Load())(t)
	for _, o := range operations {
		used[table.expectRoute(t, o, rules[o.Service][o.ID])] = true
	}
	for _, service := range table.Services {
		for _, route := range service.Routes {
			if !used[route.Name] && service.URL != throughSidecar(t, pagesApp) {
				t.Errorf("%s: no operation needs the route %s", kongFile, route.Name)
			}
		}
	}
}

// expectRoute makes sure that one route leads to an operation, and asks for the right key. It returns its name.
func (table kongTable) expectRoute(t *testing.T, o access.Operation, rule access.Rule) string {
	t.Helper()
	app := must.Get(describe(t).AppOf(o.Service))(t)
	path := o.Target("0199c0de-0000-7000-8000-000000000001")
	routes := table.matching(o.Method, path)
	if len(routes) != 1 {
		t.Errorf("%s: %d routes for %s %s, want 1", kongFile, len(routes), o.Method, o.Path)
		return ""
	}
	route := routes[0]
	if url := throughSidecar(t, app); route.service.URL != url {
		t.Errorf("%s: %s %s goes to %s, want %s", kongFile, o.Method, o.Path, route.service.URL, url)
	}
	config, _ := table.plugin(route, "stoa-api-key")
	if want := permission(rule); config["permission"] != want {
		t.Errorf("%s: %s %s needs the permission %v, want %v", kongFile, o.Method, o.Path, config["permission"], want)
	}
	if anonymous := config["anonymous"] == true; anonymous != (rule.Key == access.NotEvenAKey) {
		t.Errorf("%s: %s %s needs no API key: %v", kongFile, o.Method, o.Path, anonymous)
	}
	if asked := table.matching(http.MethodOptions, path); len(asked) != 1 || asked[0].Name != route.Name {
		t.Errorf("%s: a browser that asks what it may send to %s does not reach the plugin cors", kongFile, o.Path)
	}
	return route.Name
}

// pagesApp is the app for browsers. What it serves is not described in api/openapi.
const pagesApp = "web"

// Browsers have no API key. What they send beside it, cookies above all, goes to the app for browsers and to no other.
func TestKong_passesCookiesOnlyToPages(t *testing.T) {
	table, pages := kong(t), throughSidecar(t, pagesApp)
	for _, service := range table.Services {
		for _, route := range service.Routes {
			route.service = service
			config, _ := table.plugin(route, "stoa-api-key")
			if browser := config["browser"] == true; browser != (service.URL == pages) || browser && config["anonymous"] != true {
				t.Errorf("%s: the route %s passes on what browsers send: %v", kongFile, route.Name, browser)
			}
			cache, cached := table.plugin(route, "proxy-cache")
			vary, _ := cache["vary_headers"].([]any)
			if cached && service.URL == pages && !slices.Contains(vary, any("Cookie")) {
				t.Errorf("%s: the route %s gives a guest's page to somebody who is signed in", kongFile, route.Name)
			}
		}
	}
	for path, want := range map[string]string{
		"/": "pages", "/products": "pages", "/products/1": "pages", "/blog": "pages", "/blog/id": "pages", "/blog/tags/go": "pages",
		"/blog/feed.atomX": "pages", "/blog/sitemap.xml/x": "pages", "/blog/tags/go/x/feed.atom": "pages", "/static/1/app.css": "pages",
		"/sign-in": "pages", "/orders/1/live": "page-live", "/blog/feed.atom": "blog-feeds", "/blog/tags/go/feed.json": "blog-feeds",
	} {
		if routes := table.matching(http.MethodGet, path); len(routes) != 1 || routes[0].Name != want {
			t.Errorf("%s: GET %s has the routes %v, want %s", kongFile, path, routes, want)
		}
	}
	if routes := table.matching(http.MethodPost, "/sign-in"); len(routes) != 1 || routes[0].Name != "page-sign-in" {
		t.Errorf("%s: POST /sign-in has the routes %v", kongFile, routes)
	}
}

func TestKong_reachesEveryPage(t *testing.T) {
	table, pages, variable := kong(t), throughSidecar(t, pagesApp), regexp.MustCompile(`\{[a-z]+\}`)
	for path, rule := range must.Get(access.Pages())(t) {
		for method, who := range map[string]*access.Who{http.MethodGet: rule.Get, http.MethodPost: rule.Post} {
			if who == nil {
				continue
			}
			if routes := table.matching(method, variable.ReplaceAllString(path, "x")); len(routes) != 1 || routes[0].service.URL != pages {
				t.Errorf("%s: %s %s has %d routes, want one to %s", kongFile, method, path, len(routes), pagesApp)
			}
		}
	}
}

// What an app serves for its sidecar and for other apps is nobody else's business.
func TestKong_reachesNothingElse(t *testing.T) {
	table, bounded, page := kong(t), regexp.MustCompile(`^~/(api/v1|blog|mail)/.*\$$`), regexp.MustCompile(`^~/.*\$$`)
	for _, path := range []string{
		"/metrics", "/healthz", "/readyz", "/openapi.json", "/dapr/config", "/dapr/subscribe", "/compact", "/search", "/internal",
		"/internal/sessions/1", "/api", "/api/v1", "/api/v1/", "/api/v1/internal/sessions/1", "/api/v2/orders", "/API/v1/orders",
		"/api/v1/ordersX", "/api/v1/orders.json", "/x/api/v1/orders",
		"/productsX", "/blogs", "/x/blog/feed.atom", "/x/products", "/sign-in/x", "/docs", "/web", "/web/metrics",
		"/v1.0/metadata", "/v1.0/invoke/auth/method/metrics", "/v1.0/invoke/auth/method/api/v1/auth/profile/mine",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			for _, route := range table.matching(method, path) {
				t.Errorf("%s: %s %s goes to %s", kongFile, method, path, route.service.URL)
			}
		}
	}
	for _, service := range table.Services {
		for _, route := range service.Routes {
			if len(route.Methods) == 0 {
				t.Errorf("%s: the route %s takes any method", kongFile, route.Name)
			}
			isPage := service.URL == throughSidecar(t, pagesApp)
			for _, path := range route.Paths {
				if !bounded.MatchString(path) && !(isPage && page.MatchString(path)) {
					t.Errorf("%s: the path %s is not an expression below /api/v1, /blog or /mail, or of a page, that says where it ends", kongFile, path)
				}
			}
		}
	}
}

// Kong's cache stores whatever its settings let it: only with cache_control does it ask what the service says.
func TestKong_cachesOnlyWhatServicesMark(t *testing.T) {
	table := kong(t)
	for _, service := range table.Services {
		for _, route := range service.Routes {
			route.service = service
			config, cached := table.plugin(route, "proxy-cache")
			if !cached {
				continue
			}
			if config["cache_control"] != true {
				t.Errorf("%s: the route %s caches what is not marked as everybody's", kongFile, route.Name)
			}
			for _, method := range config["request_method"].([]any) {
				if method != http.MethodGet && method != http.MethodHead {
					t.Errorf("%s: the route %s caches answers to %s", kongFile, route.Name, method)
				}
			}
		}
	}
}
