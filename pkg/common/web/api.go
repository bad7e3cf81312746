// Package web is the HTTP of all processes: typed handlers (huma on gorilla/mux), errors as problem documents, limits on
// requests, one log line for each request, and a server that drains before it stops.
package web

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humamux"
	"github.com/gorilla/mux"

	"stoa/pkg/common/clip"
	"stoa/pkg/common/errs"
)

// NewRouter returns a router that answers unknown paths and wrong methods with problems.
func NewRouter() *mux.Router {
	router := mux.NewRouter()
	router.NotFoundHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		WriteError(w, r, errs.New(errs.NotFound, "there is nothing at this path"))
	})
	router.MethodNotAllowedHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", Allowed(router, r))
		WriteError(w, r, errs.New(errs.MethodNotAllowed, "this path does not support the method %s", clip.Text(r.Method)))
	})
	return router
}

// Allowed lists the methods that the router knows for the path of r, "" for none. HEAD comes with GET.
func Allowed(router *mux.Router, r *http.Request) string {
	var known []string
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		probe := r.Clone(r.Context())
		probe.Method = method
		var match mux.RouteMatch
		if !router.Match(probe, &match) || match.MatchErr != nil {
			continue
		}
		if known = append(known, method); method == http.MethodGet {
			known = append(known, http.MethodHead)
		}
	}
	return strings.Join(known, ", ")
}

// NewAPI returns an API on the router. Register typed handlers with huma.Register; an error that a handler returns becomes
// the problem document of its kind. The API serves its OpenAPI document at /openapi.json. What follows from the security and
// inputs of an operation is added to it, so operations describe only the errors of their own rules, in Responses.
func NewAPI(router *mux.Router, title, description string) huma.API {
	useProblems()
	config := huma.DefaultConfig(title, "1.0.0")
	config.Info.Description = description
	config.DocsPath, config.SchemasPath = "", ""
	config.CreateHooks = nil // no $schema links in bodies
	config.RejectUnknownQueryParameters = true
	config.OnAddOperation = append(config.OnAddOperation, complete)
	config.Servers = []*huma.Server{
		{URL: "/", Description: "The gateway that this document comes from"},
		{URL: "http://localhost:8080", Description: "A gateway on your machine"},
	}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		KeyScheme: {Type: "apiKey", In: "header", Name: "x-api-key", Description: "Asked for by the gateway"},
	}
	config.Formats = map[string]huma.Format{jsonType: jsonFormat, "json": jsonFormat}
	api := humamux.New(router, config)
	api.UseMiddleware(requireJSON)
	return api
}
