// Package web is the HTTP of all processes: typed handlers (huma on gorilla/mux), errors as problem documents, limits on
// requests, one log line for each request, and a server that drains before it stops.
package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

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
		w.Header().Set("Allow", allowed(router, r))
		WriteError(w, r, errs.New(errs.MethodNotAllowed, "this path does not support the method %s", clip.Text(r.Method)))
	})
	return router
}

// allowed lists the methods that the path of r supports; HEAD comes with GET.
func allowed(router *mux.Router, r *http.Request) string {
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
// the problem document of its kind. The API serves its OpenAPI document at /openapi.json. The errors that follow from the
// security and inputs of an operation are added to the document, so operations need not list them.
func NewAPI(router *mux.Router, title, description string) huma.API {
	useProblems()
	config := huma.DefaultConfig(title, "1.0.0")
	config.Info.Description = description
	config.DocsPath, config.SchemasPath = "", ""
	config.CreateHooks = nil // no $schema links in bodies
	config.RejectUnknownQueryParameters = true
	config.OnAddOperation = append(config.OnAddOperation, describeErrors)
	config.Formats = map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat}
	return humamux.New(router, config)
}

// jsonFormat refuses bytes that are not UTF-8. encoding/json would replace them silently, and we would store what nobody
// sent.
var jsonFormat = huma.Format{
	Marshal: huma.DefaultJSONFormat.Marshal,
	Unmarshal: func(data []byte, v any) error {
		if !utf8.Valid(data) {
			return errors.New("is not valid UTF-8")
		}
		return withoutGoTypes(json.Unmarshal(data, v))
	},
}

// withoutGoTypes says what is wrong with JSON without Go's type names and without the caller's data.
func withoutGoTypes(err error) error {
	if unfit, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("has a value at byte %d that cannot be read", unfit.Offset)
	}
	if broken, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("is not valid JSON: %w at byte %d", broken, broken.Offset)
	}
	return err
}
