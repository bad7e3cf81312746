package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"stoa/pkg/common/errs"
	"stoa/pkg/observability"
)

// ProblemType is the media type of a Problem (RFC 9457).
const ProblemType = "application/problem+json"

// defaultRetryAfter is what a caller is told to wait when something is unavailable: most outages here are a restart.
const defaultRetryAfter = time.Second

// maxFields is the most places at fault that a problem names, so that thousands of mistakes get a short answer.
const maxFields = 20

// Problem is the body of every error answer (RFC 9457, with a stable kind and the fields at fault).
type Problem struct {
	Title   string       `json:"title" doc:"The status in words"`
	Status  int          `json:"status" doc:"The HTTP status code"`
	Kind    errs.Kind    `json:"kind" doc:"What went wrong, in a word that stays the same"`
	Detail  string       `json:"detail" doc:"What went wrong, for people"`
	Errors  []errs.Field `json:"errors,omitempty" doc:"The places in the input that are at fault"`
	TraceID string       `json:"traceId,omitempty" doc:"Quote this to have it looked up in the logs"`

	cause error
}

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }

// Unwrap returns the error behind the problem.
func (p *Problem) Unwrap() error { return p.cause }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return ProblemType }

// problemOf turns any error into what the caller is told.
func problemOf(err error) *Problem {
	e := errs.From(err)
	p := &Problem{
		Status: e.Kind.HTTPStatus(), Kind: e.Kind, Detail: e.Message, Errors: e.Fields, cause: err,
	}
	p.Title = http.StatusText(p.Status)
	if e.Kind == errs.Internal {
		p.Detail = "something went wrong on our side"
	}
	return p
}

// headersOf sets the headers that go with an error: how long to wait, or how to authenticate.
func headersOf(err error, set func(name, value string)) {
	e := errs.From(err)
	switch e.Kind {
	case errs.Unavailable, errs.RateLimited:
		wait := max(e.RetryAfter, defaultRetryAfter)
		set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	case errs.Unauthenticated:
		set("WWW-Authenticate", `Bearer realm="stoa"`)
	}
}

// WriteError answers a request with the problem that err is, and leaves err for the request's log line.
func WriteError(w http.ResponseWriter, r *http.Request, err error) {
	noteError(r.Context(), err)
	p := problemOf(err)
	p.TraceID = observability.TraceID(r.Context())
	headersOf(err, w.Header().Set)
	w.Header().Set("Content-Type", ProblemType)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the caller may have gone away
}

// ReadError rebuilds the error from the answer of another service. It keeps the kind, so that a NotFound there is a
// NotFound here, and how long to wait. An answer without a problem document comes from something in between, such as a
// sidecar.
func ReadError(status int, header http.Header, body []byte) error {
	var p Problem
	if strings.HasPrefix(header.Get("Content-Type"), ProblemType) && json.Unmarshal(body, &p) == nil && p.Kind.Known() {
		return &errs.Error{Kind: p.Kind, Message: p.Detail, Fields: p.Errors, RetryAfter: retryAfter(header)}
	}
	if status >= http.StatusInternalServerError {
		return errs.Wrap(errs.Unavailable, errors.New(string(body)), "a service that this needs does not answer")
	}
	return errs.New(errs.KindOfStatus(status), "%s", http.StatusText(status))
}

// retryAfter reads what headersOf wrote: a number of seconds.
func retryAfter(header http.Header) time.Duration {
	seconds, _ := strconv.ParseUint(header.Get("Retry-After"), 10, 31) // 0 for anything else
	return time.Duration(seconds) * time.Second
}

// useProblems makes huma answer with problems. Its hooks are package variables, so it is called once for all APIs.
var useProblems = sync.OnceFunc(func() {
	// Otherwise "ITEMS" is let through unchecked, and encoding/json takes it for "items".
	huma.ValidateStrictCasing = true
	huma.NewError = func(status int, message string, causes ...error) huma.StatusError {
		return problemOf(fromHuma(status, message, causes))
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, causes ...error) huma.StatusError {
		err := fromHuma(status, message, causes)
		noteError(ctx.Context(), err)
		headersOf(err, ctx.SetHeader)
		p := problemOf(err)
		p.TraceID = observability.TraceID(ctx.Context())
		return p
	}
})

// fromHuma classifies what huma reports: a handler's own error, or something wrong with the request.
func fromHuma(status int, message string, causes []error) error {
	if status == http.StatusInternalServerError && len(causes) == 1 {
		return fromHandler(message, causes[0])
	}
	e := errs.New(errs.KindOfStatus(status), "%s", message)
	for _, cause := range causes[:min(len(causes), maxFields)] {
		e.Fields = append(e.Fields, fieldOf(cause))
	}
	if len(e.Fields) > 0 {
		e.Message = e.Fields[0].Name + ": " + e.Fields[0].Problem
	}
	return e
}

// fromHandler classifies the error of a handler. A body that could not be read comes here as well.
func fromHandler(message string, cause error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(cause, &tooLarge):
		return TooLarge()
	case message == "cannot read request body":
		return errs.Wrap(errs.Malformed, cause, "the request body ended early")
	default:
		return errs.From(cause)
	}
}

// fieldOf names the input at fault as the caller wrote it: huma says "body.items[0].quantity".
func fieldOf(cause error) errs.Field {
	var detailer huma.ErrorDetailer
	if !errors.As(cause, &detailer) {
		return errs.Field{Name: "body", Problem: cause.Error()}
	}
	detail := detailer.ErrorDetail()
	name, problem := detail.Location, detail.Message
	var missing string
	if n, _ := fmt.Sscanf(problem, validation.MsgExpectedRequiredProperty, &missing); n == 1 {
		name, problem = name+"."+missing, "is missing"
	}
	for _, part := range []string{"body.", "path.", "query.", "header."} {
		name = strings.TrimPrefix(name, part)
	}
	return errs.Field{Name: name, Problem: problem}
}
