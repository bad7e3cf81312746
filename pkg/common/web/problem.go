package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"stoa/pkg/common/clip"
	"stoa/pkg/common/errs"
	"stoa/pkg/observability"
)

// ProblemType is the media type of a Problem (RFC 9457).
const ProblemType = "application/problem+json"

// defaultRetryAfter is the shortest Retry-After. Most outages are restarts, which take about this long.
const defaultRetryAfter = time.Second

// maxFields bounds how many faults a problem names, and maxDetail how many bytes say what went wrong, so that an input with
// thousands of faults gets a short answer.
const (
	maxFields = 20
	maxDetail = 1000
)

// Problem is the body of every error answer (RFC 9457, with a stable kind and the fields at fault).
type Problem struct {
	Title   string       `json:"title" doc:"The status in words"`
	Status  int          `json:"status" doc:"The HTTP status code"`
	Kind    errs.Kind    `json:"kind" doc:"What went wrong, as a stable word for programs"`
	Detail  string       `json:"detail" doc:"What went wrong, for people"`
	Errors  []errs.Field `json:"errors,omitempty" doc:"The places in the input that are at fault"`
	TraceID string       `json:"traceId,omitempty" doc:"The id of the request in the logs; quote it when you report the problem"`

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

// problemOf returns the problem document of any error.
func problemOf(err error) *Problem {
	e := errs.From(err)
	p := &Problem{Status: e.Kind.HTTPStatus(), Kind: e.Kind, Detail: clip.To(e.Message, maxDetail), cause: err}
	p.Title = http.StatusText(p.Status)
	for _, field := range e.Fields[:min(len(e.Fields), maxFields)] {
		p.Errors = append(p.Errors, errs.Field{Name: clip.Text(field.Name), Problem: clip.Text(field.Problem)})
	}
	if e.Kind == errs.Internal {
		p.Detail = "something went wrong on our side"
	}
	return p
}

// setHeaders sets the headers of an error answer: how long to wait, or how to authenticate.
func setHeaders(err error, set func(name, value string)) {
	e := errs.From(err)
	switch e.Kind {
	case errs.Unavailable, errs.RateLimited:
		wait := max(e.RetryAfter, defaultRetryAfter)
		set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	case errs.Unauthenticated:
		set("WWW-Authenticate", `Bearer realm="stoa"`)
	}
}

// WriteError answers a request with the problem document of err, and adds err to the log line of the request.
func WriteError(w http.ResponseWriter, r *http.Request, err error) {
	NoteError(r.Context(), err)
	p := problemOf(err)
	p.TraceID = observability.TraceID(r.Context())
	setHeaders(err, w.Header().Set)
	w.Header().Set("Content-Type", ProblemType)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the caller may have gone away
}

// ReadError rebuilds the error from the answer of another service, with its kind, its fields and how long to wait. An answer
// that is not a problem document comes from something in between, such as a sidecar; its status decides the kind.
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

// retryAfter reads what setHeaders wrote: a number of seconds.
func retryAfter(header http.Header) time.Duration {
	seconds, _ := strconv.ParseUint(header.Get("Retry-After"), 10, 31) // 0 for anything else
	return time.Duration(seconds) * time.Second
}

// useProblems makes huma answer with problem documents. huma's hooks are package variables, so this runs once for all APIs.
var useProblems = sync.OnceFunc(func() {
	huma.DefaultArrayNullable = false
	// Otherwise huma would not validate "ITEMS", but encoding/json would read it as "items".
	huma.ValidateStrictCasing = true
	huma.NewError = func(status int, message string, causes ...error) huma.StatusError {
		return problemOf(fromHuma(status, message, causes))
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, causes ...error) huma.StatusError {
		err := fromHuma(status, message, causes)
		NoteError(ctx.Context(), err)
		setHeaders(err, ctx.SetHeader)
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
	var limit int64
	if n, _ := fmt.Sscanf(message, "request body is too large limit=%d bytes", &limit); n == 1 {
		return errs.New(errs.TooLarge, "the request body has %d bytes or more", limit)
	}
	e := errs.New(errs.KindOfStatus(status), "%s", message)
	for _, cause := range causes[:min(len(causes), 2*maxFields)] { // two may be about one field
		e.Fields = append(e.Fields, fieldOf(cause))
	}
	e.Fields = slices.CompactFunc(e.Fields, func(a, b errs.Field) bool { return a.Name == b.Name })
	if len(e.Fields) > 0 {
		e.Message = e.Fields[0].Name + ": " + e.Fields[0].Problem
	}
	return e
}

// fromHandler classifies the error of a handler. A body that could not be read comes here as well.
func fromHandler(message string, cause error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](cause); ok {
		return TooLarge()
	}
	if message == "cannot read request body" {
		return errs.Wrap(errs.Malformed, cause, "the request body ended early")
	}
	return errs.From(cause)
}

// fieldOf names the input at fault as the caller wrote it: huma says "body.items[0].quantity".
func fieldOf(cause error) errs.Field {
	detail, ok := errors.AsType[*huma.ErrorDetail](cause)
	if !ok {
		return errs.Field{Name: "body", Problem: cause.Error()}
	}
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
