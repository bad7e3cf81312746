package webtest

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
)

// Answer is the answer to a request of a test.
type Answer struct {
	*httptest.ResponseRecorder

	t       testing.TB
	request Request
}

// Expect ends the test unless the answer has this status.
func (a *Answer) Expect(status int) *Answer {
	a.t.Helper()
	if a.Code != status {
		a.t.Fatalf("%s %s: got %d %s, want %d", a.request.Method, a.request.Path, a.Code, a.Body, status)
	}
	return a
}

// ExpectProblem ends the test unless the answer is a problem of this status and kind that names this field of the input. With
// the field "" it may name any field or none.
func (a *Answer) ExpectProblem(status int, kind errs.Kind, field string) {
	a.t.Helper()
	problem := Read[web.Problem](a, status)
	named := slices.ContainsFunc(problem.Errors, func(f errs.Field) bool { return f.Name == field })
	if media := a.Header().Get("Content-Type"); media != web.ProblemType || problem.Kind != kind || field != "" && !named {
		a.t.Fatalf("%s %s: got %s %s, want a problem of the kind %s about %q", a.request.Method, a.request.Path, media, a.Body, kind, field)
	}
}

// Read returns the body of an answer, and ends the test unless it has this status.
func Read[T any](a *Answer, status int) T {
	a.t.Helper()
	a.Expect(status)
	var body T
	if err := json.Unmarshal(a.Body.Bytes(), &body); err != nil {
		a.t.Fatalf("%s %s: %v in %s", a.request.Method, a.request.Path, err, a.Body)
	}
	return body
}
