package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/gorilla/mux"

	"stoa/api/openapi"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/web"
)

const idempotencyKey = "Idempotency-Key"

// operations matches operations, as the OpenAPI files describe them.
type operations struct {
	all   *mux.Router
	taken *mux.Router // those that take an Idempotency-Key
	made  *mux.Router // those of them that the gateway makes a key for: web.Repeatable
}

// describedOperations reads the files once: they are part of the program.
var describedOperations = sync.OnceValues(func() (operations, error) {
	all := operations{mux.NewRouter(), mux.NewRouter(), mux.NewRouter()}
	for _, service := range openapi.Services() {
		raw, err := openapi.Description(service)
		if err != nil {
			return all, err
		}
		var description struct {
			Paths map[string]map[string]operation
		}
		if err := json.Unmarshal(raw, &description); err != nil {
			return all, fmt.Errorf("the description of %s: %w", service, err)
		}
		for path, methods := range description.Paths {
			for method, o := range methods {
				o.addTo(all, path, strings.ToUpper(method))
			}
		}
	}
	return all, nil
})

// operation is the part of a description that says whether a key is taken.
type operation struct {
	Parameters []struct{ Name string }
	Repeatable bool `json:"x-repeatable"`
}

func (o operation) addTo(all operations, path, method string) {
	all.all.Path(path).Methods(method)
	if slices.ContainsFunc(o.Parameters, func(p struct{ Name string }) bool { return p.Name == idempotencyKey }) {
		all.taken.Path(path).Methods(method)
	}
	if o.Repeatable {
		all.made.Path(path).Methods(method)
	}
}

// put adds an Idempotency-Key to a request without one, if its operation answers the same again: then the request can be
// repeated while its app restarts, and is carried out once. It removes a key that the operation does not take: with one, the
// transport would repeat what may not be repeated.
func (o operations) put(r *http.Request, headers http.Header) {
	_, given := headers[idempotencyKey]
	switch {
	case !given && o.made.Match(r, &mux.RouteMatch{}):
		headers.Set(idempotencyKey, "gateway-"+ids.New())
	case given && !o.taken.Match(r, &mux.RouteMatch{}):
		headers.Del(idempotencyKey)
	}
}

// allow is the header Allow of a path, "" where there is no operation. Every path of an operation answers OPTIONS.
func (o operations) allow(r *http.Request) string {
	methods := web.Allowed(o.all, r)
	if methods == "" {
		return ""
	}
	return methods + ", OPTIONS"
}
