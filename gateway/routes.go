package main

import (
	"net/http"

	"github.com/gorilla/mux"

	"stoa/gateway/edge/apikey"
	"stoa/gateway/edge/request"
	"stoa/pkg/common/web"
)

// authApp is the app that knows the API keys.
const authApp = "auth"

// route says which app serves a path and what is below it.
type route struct {
	path string
	app  string
	// exact leaves out what is below the path.
	exact bool
	// open needs no API key.
	open bool
}

// routes is everything that can be reached from outside, the gateway's own /healthz and /readyz aside. Of several that
// match, the first counts.
func routes() []route {
	return []route{
		// The keys that access tokens are signed with: whoever verifies one elsewhere has no API key of ours.
		{path: "/api/v1/auth/.well-known/jwks.json", app: authApp, exact: true, open: true},
		// Sign-up, sign-in, profiles.
		{path: "/api/v1/auth", app: authApp},
		// The catalogue and its stock.
		{path: "/api/v1/products", app: "inventory-api"},
		// Orders and their live updates.
		{path: "/api/v1/orders", app: "order-api"},
		// For staff: fulfilments and dead letters.
		{path: "/api/v1/backoffice", app: "backoffice"},
		// Each user's inbox.
		{path: "/api/v1/notifications", app: "notification"},
	}
}

// methods are the ones that are forwarded; an app refuses those that it does not know itself.
var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
}

// newRouter puts the table into effect.
func newRouter(apps *proxy, keys *apikey.Checker) *mux.Router {
	// A path is taken as it is or refused: cleaning it would answer a redirect to something that nobody asked for.
	router := web.NewRouter().SkipClean(true)
	router.Use(plainURLs)
	for _, r := range routes() {
		handler := apps.to(r.app)
		if !r.open {
			handler = requireKey(keys, handler)
		}
		router.Path(r.path).Methods(methods...).Handler(handler)
		if !r.exact {
			router.PathPrefix(r.path + "/").Methods(methods...).Handler(handler)
		}
	}
	return router
}

// plainURLs refuses URLs that what comes after us could read in another way than we do.
func plainURLs(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := request.CheckURL(r.URL); err != nil {
			web.WriteError(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// requireKey lets a request through to next if its API key is valid.
func requireKey(keys *apikey.Checker, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		client := request.Proxies(nil).Client(r)
		if _, err := keys.Verify(r.Context(), client, r.Header.Get(request.KeyHeader)); err != nil {
			web.WriteError(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}
