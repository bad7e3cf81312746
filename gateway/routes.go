package main

import (
	"net/http"

	"github.com/gorilla/mux"

	"stoa/gateway/declaration"
	"stoa/gateway/edge/apikey"
	"stoa/gateway/edge/cache"
	"stoa/gateway/edge/limit"
	"stoa/gateway/edge/request"
	"stoa/pkg/common/settings"
	"stoa/pkg/common/web"
)

// edge is what requests pass between the port and the proxy. Instances of plugins are shared as the file shares them.
type edge struct {
	apps     *proxy
	keys     *keyCheck
	settings *settings.Settings
	// limited says whether limits apply: a test that sends thousands of requests switches them off.
	limited func() bool
	limits  map[*declaration.RateLimiting]*rateLimit
	cache   *cache.Cache
}

// newEdge returns an edge without routes; values may be nil where no setting changes.
func newEdge(apps *proxy, keys *apikey.Checker, values *settings.Settings, limited func() bool) *edge {
	return &edge{
		apps: apps, keys: &keyCheck{checker: keys, limiter: limit.New(), limited: limited}, settings: values,
		limited: limited, limits: map[*declaration.RateLimiting]*rateLimit{}, cache: cache.New(),
	}
}

// router puts the routes of kong.yml into effect, and adds the pages. What no route takes passes the plugins of the route with
// request-termination, and so do the pages.
func (e *edge) router(routes []declaration.Route) (*mux.Router, error) {
	// A path is taken as it is or refused: a cleaned one would be a redirect to something that nobody asked for.
	router := web.NewRouter().SkipClean(true)
	rest := declaration.Route{}
	for _, r := range routes {
		if r.Plugins.Termination != nil {
			rest = r
			continue
		}
		matches := func(request *http.Request, _ *mux.RouteMatch) bool { return r.Matches(request.URL.Path) }
		router.Name(r.Name).MatcherFunc(matches).Methods(r.Methods...).Handler(e.around(r, optionsOf(e.apps.described, r, e.app(r))))
	}
	router.NotFoundHandler = e.around(rest, router.NotFoundHandler)
	router.MethodNotAllowedHandler = e.around(rest, notAllowed(e.apps.described, router))
	return router, addPages(router, func(page http.Handler) http.Handler { return e.around(rest, page) })
}

// app returns the handler of a route's app, for requests with a valid API key.
func (e *edge) app(r declaration.Route) http.Handler {
	handler := e.apps.to(r.App, r.Timeout)
	if config := r.Plugins.ProxyCache; config != nil {
		rules := cache.Rules{
			Methods: config.RequestMethod, MediaTypes: config.ContentType, Vary: config.VaryHeaders, Timeout: r.Timeout,
			App: e.apps.side.Crowd(r.App),
		}
		handler = e.cache.Wrap(r.Name, rules, e.apps.ask(r.App), handler)
	}
	if config := r.Plugins.APIKey; config != nil {
		handler = e.keys.require(config, handler)
	}
	return handler
}

// around puts around a handler what every request passes, whatever becomes of it. People get errors as pages. The limit comes first: each request of an
// address counts, also one that is refused (docs/decisions/0025). Only the headers of cors come before it, so that pages can
// read that they are over the limit.
func (e *edge) around(r declaration.Route, handler http.Handler) http.Handler {
	if config := r.Plugins.SizeLimiting; config != nil {
		handler = sizeLimited(config, handler)
	}
	handler = plain(web.LimitBody(handler))
	if config := r.Plugins.RateLimiting; config != nil {
		handler = e.rateLimit(config).around(r.Service, handler)
	}
	if config := r.Plugins.CORS; config != nil {
		handler = crossOrigin(config, handler)
	}
	return readable(handler)
}

// rateLimit returns the instance for this declaration: routes that share one share its counters.
func (e *edge) rateLimit(config *declaration.RateLimiting) *rateLimit {
	if e.limits[config] == nil {
		e.limits[config] = newRateLimit(config, e.settings, e.limited)
	}
	return e.limits[config]
}

// plain refuses requests that sidecars and apps could read in another way than we do.
func plain(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := request.Check(r); err != nil {
			web.WriteError(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}
