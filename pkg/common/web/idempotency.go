package web

import "github.com/danielgtaylor/huma/v2"

// keyHeader makes it safe to send a request again.
const keyHeader = "Idempotency-Key"

// Idempotency is the key by which a request may be sent again without being carried out again. Inputs embed it; Key is ""
// when the caller sent none.
type Idempotency struct {
	Key string `header:"Idempotency-Key" minLength:"1" maxLength:"200" pattern:"^[!-~]+$" patternDescription:"visible ASCII characters" doc:"A request that is repeated with the same key is carried out once"`
}

// Resolve implements huma.Resolver. It refuses an empty key and a second one: huma passes over the one and takes the first
// of the other, and the caller would believe that the request may be repeated.
func (in *Idempotency) Resolve(ctx huma.Context) []error {
	given := 0
	ctx.EachHeader(func(name, _ string) {
		if name == keyHeader {
			given++
		}
	})
	if given == 0 || given == 1 && in.Key != "" {
		return nil
	}
	return []error{&huma.ErrorDetail{Location: "header." + keyHeader, Message: "must be one key of 1 to 200 characters"}}
}

// Repeatable are the Extensions of an operation that takes an Idempotency-Key and answers the same when it is sent again. The
// gateway then makes a key for requests that come without one, so that they can be repeated while their app restarts.
var Repeatable = map[string]any{"x-repeatable": true}
