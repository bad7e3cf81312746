package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"stoa/api/openapi"
	"stoa/pkg/common/ids"
)

const idempotencyKey = "Idempotency-Key"

// keyedOperations matches requests whose operation takes an Idempotency-Key, as the OpenAPI files say.
func keyedOperations() (*mux.Router, error) {
	router := mux.NewRouter()
	for _, service := range openapi.Services() {
		raw, err := openapi.Description(service)
		if err != nil {
			return nil, err
		}
		var description struct {
			Paths map[string]map[string]struct {
				Parameters []struct{ Name string }
			}
		}
		if err := json.Unmarshal(raw, &description); err != nil {
			return nil, fmt.Errorf("the description of %s: %w", service, err)
		}
		for path, operations := range description.Paths {
			for method, operation := range operations {
				for _, parameter := range operation.Parameters {
					if parameter.Name == idempotencyKey {
						router.Path(path).Methods(strings.ToUpper(method))
					}
				}
			}
		}
	}
	return router, nil
}

// addKey adds an Idempotency-Key to a request without one, if its operation takes one: then it can be repeated while its app
// restarts, and is carried out once.
func (p *proxy) addKey(r *http.Request, headers http.Header) {
	if _, given := headers[idempotencyKey]; !given && p.keyed.Match(r, &mux.RouteMatch{}) {
		headers.Set(idempotencyKey, "gateway-"+ids.New())
	}
}
