package main

import (
	"net/http"

	"github.com/gorilla/mux"

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
func newRouter(apps *proxy, keys *keyCheck) *mux.Router {
	// A path is taken as it is or refused: cleaning it would answer a redirect to something that nobody asked for.
	router := web.NewRouter().SkipClean(true)
	router.Use(plainPaths)
	for _, r := range routes() {
		handler := apps.to(r.app)
		if !r.open {
			handler = keys.require(handler)
		}
		router.Path(r.path).Methods(methods...).Handler(handler)
		if !r.exact {
			router.PathPrefix(r.path + "/").Methods(methods...).Handler(handler)
		}
	}
	return router
}
