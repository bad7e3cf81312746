package web

import (
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humamux"
)

const keyHeader = "Idempotency-Key"

// Idempotency reads the header Idempotency-Key: a request that is sent again with the same key is not carried out again.
// Inputs embed it. Key is "" without the header.
type Idempotency struct {
	Key string `header:"Idempotency-Key" minLength:"1" maxLength:"200" pattern:"^[!-~]+$" patternDescription:"visible ASCII characters" doc:"A request that is sent again with the same key is not carried out again"`
}

// Resolve implements huma.Resolver. It refuses an empty key, which huma ignores, and two keys, of which huma takes the first:
// the caller would wrongly believe that the request can be repeated.
func (in *Idempotency) Resolve(ctx huma.Context) []error {
	r, _ := humamux.Unwrap(ctx)
	given := len(r.Header.Values(keyHeader))
	if given == 0 || given == 1 && in.Key != "" {
		return nil
	}
	return []error{&huma.ErrorDetail{Location: "header." + keyHeader, Message: "must be one key of 1 to 200 characters"}}
}

// Repeatable is for huma's Extensions of an operation that takes an Idempotency-Key and gives a repeated request the same
// answer. The gateway then adds a key to requests without one, so that they can be repeated while their app restarts.
var Repeatable = map[string]any{"x-repeatable": true}
