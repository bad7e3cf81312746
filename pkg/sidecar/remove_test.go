package sidecar_test

import (
	"testing"

	"stoa/pkg/common/must"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
)

func TestDocuments_removeWhatChangesMeanwhile(t *testing.T) {
	states, side := sidecartest.New()
	counters := sidecar.NewDocuments[counter](side, "store", "counter")
	must.Do(t, counters.Remove(t.Context(), "a"))
	must.Do(t, counters.Create(t.Context(), "a", counter{N: 1}, 0))
	changed := false
	states.Before = func(operation, _ string) error {
		if operation == "delete" && !changed {
			changed = true
			must.Get(counters.Update(t.Context(), "a", func(c *counter) error { c.N++; return nil }))(t)
		}
		return nil
	}
	must.Do(t, counters.Remove(t.Context(), "a"))
	if keys := states.Keys("store", ""); len(keys) != 0 || !changed {
		t.Errorf("left are %v", keys)
	}
}
