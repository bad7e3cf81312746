package web

import (
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humamux"
)

// IfMatch reads the header If-Match: a request is about this version, and fails with errs.Outdated if there is a later one.
// Inputs embed it. ETag is "" without the header. Versions are numbers, and so are their entity tags.
type IfMatch struct {
	ETag string `header:"If-Match" pattern:"^\"[0-9]{1,18}\"$" patternDescription:"the ETag of an earlier answer" doc:"The ETag of the version that the request is about; if there is a later one, the answer is 412. Without it, the request is about any version"`
}

// Resolve implements huma.Resolver. It refuses an empty header, which huma ignores, and two, of which huma takes the first:
// the caller would wrongly believe that nothing is overwritten.
func (in *IfMatch) Resolve(ctx huma.Context) []error {
	r, _ := humamux.Unwrap(ctx)
	given := len(r.Header.Values("If-Match"))
	if given == 0 || given == 1 && in.ETag != "" {
		return nil
	}
	return []error{&huma.ErrorDetail{Location: "header.If-Match", Message: "must be one entity tag"}}
}
