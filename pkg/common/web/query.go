package web

import (
	"net/url"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humamux"

	"stoa/pkg/common/errs"
)

// checkQuery refuses queries that huma would read in part: what cannot be decoded, a parameter that is there twice, and an
// empty one whose schema needs more.
func checkQuery(ctx huma.Context, next func(huma.Context)) {
	r, w := humamux.Unwrap(ctx)
	if err := queryError(ctx.Operation(), r.URL.RawQuery); err != nil {
		WriteError(w, r, err)
		return
	}
	next(ctx)
}

func queryError(op *huma.Operation, raw string) error {
	text, undecodable := url.QueryUnescape(raw)
	values, err := url.ParseQuery(raw)
	if err != nil || undecodable != nil || !utf8.ValidString(text) {
		return errs.New(errs.Malformed, "the query cannot be decoded")
	}
	for _, p := range op.Parameters {
		given := values[p.Name]
		if p.In != "query" || len(given) == 0 {
			continue
		}
		if len(given) > 1 {
			return errs.InvalidField(p.Name, "is given more than once")
		}
		if given[0] == "" && !permitsEmpty(p.Schema) {
			return errs.InvalidField(p.Name, "is empty")
		}
	}
	return nil
}

func permitsEmpty(s *huma.Schema) bool {
	var result huma.ValidateResult
	huma.Validate(nil, s, huma.NewPathBuffer(nil, 0), huma.ModeWriteToServer, "", &result)
	return len(result.Errors) == 0
}
