package sidecar_test

import (
	"slices"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
)

func TestUpdateFrom_readsOnlyWhenAnotherWriteCameFirst(t *testing.T) {
	states, side := sidecartest.New()
	counters := sidecar.NewDocuments[counter](side, "store", "counter")
	must.Do(t, counters.Create(t.Context(), "a", counter{N: 1}, 0))
	seen := must.Get(counters.Get(t.Context(), "a"))(t)
	var calls []string
	states.Before = func(operation, _ string) error { calls = append(calls, operation); return nil }
	for _, tt := range []struct {
		name   string
		seen   sidecar.Document[counter]
		by     int
		want   int
		calls  []string
		exists bool // whether the result has a version
	}{
		{"nothing changes", seen, 0, 1, nil, true},
		{"as it was seen", seen, 1, 2, []string{"save"}, false},
		{"another write came first", seen, 1, 3, []string{"save", "get", "save"}, false},
		{"not seen", sidecar.Document[counter]{ID: "a"}, 1, 4, []string{"get", "save"}, false},
	} {
		calls = nil
		got, err := counters.UpdateFrom(t.Context(), tt.seen, func(c *counter) error { c.N += tt.by; return nil })
		if err != nil || got.Value.N != tt.want || got.Exists() != tt.exists || !slices.Equal(calls, tt.calls) {
			t.Errorf("%s: got %+v, %v after %q", tt.name, got, err, calls)
		}
	}
	_, err := counters.UpdateFrom(t.Context(), sidecar.Document[counter]{ID: "b"}, func(*counter) error { return nil })
	if !errs.Is(err, errs.NotFound) {
		t.Errorf("one that does not exist: got %v", err)
	}
}

func TestFindWith_readsOneDocumentAndSeveralOfAnotherKind(t *testing.T) {
	states, side := sidecartest.New()
	counters := sidecar.NewDocuments[counter](side, "store", "counter")
	texts := sidecar.NewDocuments[string](side, "store", "text")
	find := func(ids ...string) (sidecar.Document[counter], map[string]sidecar.Document[string]) {
		t.Helper()
		first, others, err := sidecar.FindWith(t.Context(), counters, "a", texts, ids)
		must.Do(t, err)
		return first, others
	}
	if first, others := find("a", "b"); first.Exists() || first.ID != "a" || len(others) > 0 {
		t.Errorf("nothing is stored: got %+v, %+v", first, others)
	}
	must.Do(t, counters.Create(t.Context(), "a", counter{N: 1}, 0))
	must.Do(t, texts.Create(t.Context(), "a", "one", 0))
	must.Do(t, texts.Create(t.Context(), "b", "two", 0))
	if first, others := find("a", "b", "gone"); first.Value.N != 1 || others["a"].Value != "one" || others["b"].ID != "b" || len(others) != 2 {
		t.Errorf("got %+v, %+v", first, others)
	}
	if first, others := find(); !first.Exists() || len(others) > 0 {
		t.Errorf("alone: got %+v, %+v", first, others)
	}
	states.Before = func(string, string) error { return status.Error(codes.Unavailable, "away") }
	if _, _, err := sidecar.FindWith(t.Context(), counters, "a", texts, nil); !errs.Is(err, errs.Unavailable) {
		t.Errorf("away: got %v", err)
	}
}
