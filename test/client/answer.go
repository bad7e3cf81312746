package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"testing"
)

// Answer is what the API said.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Problem is the body of an error.
type Problem struct {
	Kind   string
	Detail string
	Errors []struct{ Field, Problem string }
}

// Problem reads the body as a problem. A body that is not one has no kind.
func (a Answer) Problem() Problem {
	var p Problem
	_ = json.Unmarshal(a.Body, &p)
	return p
}

// Field is the first field that a problem names.
func (a Answer) Field() string {
	if p := a.Problem(); len(p.Errors) > 0 {
		return p.Errors[0].Field
	}
	return ""
}

// Read reads the body as JSON.
func (a Answer) Read(t testing.TB, out any) {
	t.Helper()
	if err := json.Unmarshal(a.Body, out); err != nil {
		t.Fatalf("%v in %s", err, a.Body)
	}
}

// Expect expects a problem of this status and kind. One that says that something is down also says when to come back.
func (a Answer) Expect(t testing.TB, status int, kind string) {
	t.Helper()
	if a.Status != status || a.Problem().Kind != kind {
		t.Errorf("got %s, want %d %s", a, status, kind)
	}
	if media := a.Header.Get("Content-Type"); media != "application/problem+json" {
		t.Errorf("the media type is %q", media)
	}
	if seconds, err := strconv.Atoi(a.Header.Get("Retry-After")); status == http.StatusServiceUnavailable && (err != nil || seconds < 1) {
		t.Errorf("Retry-After is %q", a.Header.Get("Retry-After"))
	}
}

// String shows status and body, for test failures.
func (a Answer) String() string { return fmt.Sprintf("%d %s", a.Status, bytes.TrimSpace(a.Body)) }
