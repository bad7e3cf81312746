package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"stoa/api/openapi"
	"stoa/pkg/common/ids"
)

const idempotencyKey = "Idempotency-Key"

// keys matches operations, as the OpenAPI files describe them.
type keys struct {
	taken *mux.Router // those that take an Idempotency-Key
	made  *mux.Router // those of them that the gateway makes a key for: web.Repeatable
}

func newKeys() (keys, error) {
	k := keys{mux.NewRouter(), mux.NewRouter()}
	for _, service := range openapi.Services() {
		raw, err := openapi.Description(service)
		if err != nil {
			return k, err
		}
		var description struct {
			Paths map[string]map[string]operation
		}
		if err := json.Unmarshal(raw, &description); err != nil {
			return k, fmt.Errorf("the description of %s: %w", service, err)
		}
		for path, operations := range description.Paths {
			for method, o := range operations {
				o.add(k, path, strings.ToUpper(method))
			}
		}
	}
	return k, nil
}

// operation is the part of a description that says whether a key is taken.
type operation struct {
	Parameters []struct{ Name string }
	Repeatable bool `json:"x-repeatable"`
}

func (o operation) add(k keys, path, method string) {
	if slices.ContainsFunc(o.Parameters, func(p struct{ Name string }) bool { return p.Name == idempotencyKey }) {
		k.taken.Path(path).Methods(method)
	}
	if o.Repeatable {
		k.made.Path(path).Methods(method)
	}
}

// put adds an Idempotency-Key to a request without one, if its operation answers the same again: then the request can be
// repeated while its app restarts, and is carried out once. It removes a key that the operation does not take: with one, the
// transport would repeat what may not be repeated.
func (k keys) put(r *http.Request, headers http.Header) {
	_, given := headers[idempotencyKey]
	switch {
	case !given && k.made.Match(r, &mux.RouteMatch{}):
		headers.Set(idempotencyKey, "gateway-"+ids.New())
	case given && !k.taken.Match(r, &mux.RouteMatch{}):
		headers.Del(idempotencyKey)
	}
}
