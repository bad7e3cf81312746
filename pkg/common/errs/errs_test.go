package errs_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"stoa/pkg/common/errs"
)

func TestFrom_classifiesEveryError(t *testing.T) {
	own := errs.New(errs.Conflict, "taken")
	tests := map[string]struct {
		err  error
		want errs.Kind
	}{
		"nil":              {nil, ""},
		"own":              {own, errs.Conflict},
		"own, wrapped":     {fmt.Errorf("saving: %w", own), errs.Conflict},
		"deadline":         {fmt.Errorf("get: %w", context.DeadlineExceeded), errs.Unavailable},
		"cancelled":        {context.Canceled, errs.Unavailable},
		"anything unknown": {errors.New("nil pointer"), errs.Internal},
	}
	for name, tt := range tests {
		if got := errs.KindOf(tt.err); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

func TestFrom_masksInternalErrors(t *testing.T) {
	e := errs.From(errors.New("password=hunter2"))
	if e.Message == "" || e.Message == e.Cause.Error() {
		t.Errorf("message %q must not repeat the cause", e.Message)
	}
}

func TestInvalidFields(t *testing.T) {
	if err := errs.InvalidFields(); err != nil {
		t.Errorf("no fields must be no error, got %v", err)
	}
	err := errs.InvalidFields(errs.Field{Name: "a", Problem: "is missing"}, errs.Field{Name: "b[0]", Problem: "is negative"})
	if got, want := err.Error(), "a is missing; b[0] is negative"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestKindOfStatus_invertsTheTable(t *testing.T) {
	for status, want := range map[int]errs.Kind{
		http.StatusUnprocessableEntity: errs.Invalid,
		http.StatusForbidden:           errs.Forbidden,
		http.StatusNotFound:            errs.NotFound,
		http.StatusBadGateway:          errs.Unavailable,
		http.StatusRequestTimeout:      errs.Malformed,
		http.StatusTeapot:              errs.Malformed,
		http.StatusNotImplemented:      errs.Internal,
	} {
		if got := errs.KindOfStatus(status); got != want {
			t.Errorf("%d: got %q, want %q", status, got, want)
		}
	}
}
