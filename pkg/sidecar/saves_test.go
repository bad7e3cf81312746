package sidecar_test

import (
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
)

// A client of Redis that gets no answer in time writes again. The sidecar then reports the write that took effect as one of
// somebody else: as Internal for a new document, as Aborted for a changed one.
func TestSave_knowsItsOwnWrite(t *testing.T) {
	for _, code := range []codes.Code{codes.Internal, codes.Aborted} {
		t.Run(code.String(), func(t *testing.T) {
			states, side := sidecartest.New()
			counters := sidecar.NewDocuments[counter](side, "store", "counter")
			misreport := func() {
				states.After = func(operation, _ string) error {
					if operation != "save" {
						return nil
					}
					states.After = nil
					return status.Error(code, "failed to set key")
				}
			}
			misreport()
			must.Do(t, counters.Create(t.Context(), "1", counter{N: 1}, 0))
			if err := counters.Create(t.Context(), "1", counter{N: 1}, 0); !errs.Is(err, errs.Conflict) {
				t.Errorf("the second one was told: %v", err)
			}
			if code == codes.Internal {
				return // no store reports a document that has changed in this way
			}
			misreport()
			must.Get(counters.Update(t.Context(), "1", func(c *counter) error { c.N++; return nil }))(t)
			read := must.Get(counters.Get(t.Context(), "1"))(t)
			misreport()
			must.Do(t, counters.Swap(t.Context(), read, counter{N: read.Value.N + 1}))
			if err := counters.Swap(t.Context(), read, counter{N: 9}); !errs.Is(err, errs.Conflict) {
				t.Errorf("a writer that had read an older version was told: %v", err)
			}
			if got := must.Get(counters.Get(t.Context(), "1"))(t); got.Value.N != 3 {
				t.Errorf("1, raised twice, is %d", got.Value.N)
			}
		})
	}
}

// MariaDB and MongoDB refuse the key of an expired document, which readers do not find any more, until they have removed it.
func TestSave_waitsUntilAnExpiredDocumentIsGone(t *testing.T) {
	for _, code := range []codes.Code{codes.Internal, codes.Aborted} {
		t.Run(code.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				states, side := sidecartest.New()
				counters := sidecar.NewDocuments[counter](side, "store", "counter")
				gone := time.Now().Add(time.Second)
				states.Before = func(operation, _ string) error {
					if operation == "save" && time.Now().Before(gone) {
						return status.Error(code, "duplicate key")
					}
					return nil
				}
				must.Do(t, counters.Create(t.Context(), "1", counter{N: 1}, 0))
				if time.Now().Before(gone) {
					t.Error("it was created too early")
				}
				states.Before = func(operation, _ string) error {
					if operation == "save" {
						return status.Error(code, "duplicate key")
					}
					return nil
				}
				if err := counters.Create(t.Context(), "2", counter{N: 1}, 0); !errs.Is(err, errs.Unavailable) {
					t.Errorf("a key that stays refused: got %v", err)
				}
			})
		})
	}
}

// Values that are no JSON objects have no mark, and are stored as they are.
func TestSave_leavesOtherValuesAlone(t *testing.T) {
	states, side := sidecartest.New()
	must.Do(t, sidecar.NewDocuments[string](side, "store", "text").Create(t.Context(), "1", "{}", 0))
	must.Do(t, sidecar.NewDocuments[struct{}](side, "store", "empty").Create(t.Context(), "1", struct{}{}, 0))
	if got := states.Value("store", "text:1"); got != `"{}"` {
		t.Errorf("got %s", got)
	}
	must.Get(sidecar.NewDocuments[struct{}](side, "store", "empty").Get(t.Context(), "1"))(t)
}
