// Package web is how every process here speaks HTTP: typed handlers by huma on gorilla/mux, errors as problem
// documents, limits on what is read, one log line for each request, and a server that drains before it stops.
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
		WriteError(w, r, errs.New(errs.MethodNotAllowed, "this path does not support the method %s", r.Method))
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

// NewAPI returns an API on the router whose operations are typed handlers. It serves its own description at
// /openapi.json. Register operations with huma.Register; an error that a handler returns becomes the problem of its kind.
// The errors that follow from security and inputs are described without being listed.
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

// jsonFormat reads strict UTF-8: encoding/json silently replaces bad bytes, and we would store what nobody sent.
var jsonFormat = huma.Format{
	Marshal: huma.DefaultJSONFormat.Marshal,
	Unmarshal: func(data []byte, v any) error {
		if !utf8.Valid(data) {
			return errors.New("is not valid UTF-8")
		}
		return inWords(json.Unmarshal(data, v))
	},
}

// inWords says what is wrong with JSON without naming Go's types or repeating what was sent.
func inWords(err error) error {
	var unfit *json.UnmarshalTypeError
	var broken *json.SyntaxError
	switch {
	case errors.As(err, &unfit):
		return fmt.Errorf("has a value at byte %d that cannot be read", unfit.Offset)
	case errors.As(err, &broken):
		return fmt.Errorf("is not valid JSON: %w at byte %d", broken, broken.Offset)
	}
	return err
}
