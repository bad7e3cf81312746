package sidecar_test

import (
	"testing"

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
