package sidecar_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
)

// readAll walks a list from its newest entry to its end.
func readAll(t *testing.T, index *sidecar.Index, list string, limit int) []string {
	t.Helper()
	var all []string
	var cursor sidecar.Cursor
	for {
		ids, next, err := index.Read(t.Context(), list, cursor, limit)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, ids...)
		if next.String() == "" {
			return all
		}
		if cursor, err = sidecar.ParseCursor(next.String()); err != nil {
			t.Fatal(err)
		}
	}
}

func numbers(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = strconv.Itoa(i)
	}
	return list
}

func TestIndex_readsNewestFirst(t *testing.T) {
	for _, size := range []int{0, 1, 99, 100, 101, 250} {
		for _, limit := range []int{1, 7, 100} {
			t.Run(fmt.Sprintf("%d entries by %d", size, limit), func(t *testing.T) {
				_, side := sidecartest.New()
				index := sidecar.NewIndex(side, "store", "list")
				want := numbers(size)
				for _, id := range want {
					must.Do(t, index.Add(t.Context(), "a", id))
				}
				slices.Reverse(want)
				if got := readAll(t, index, "a", limit); !slices.Equal(got, want) {
					t.Errorf("got %v", got)
				}
			})
		}
	}
}

func TestIndex_addsOnce(t *testing.T) {
	_, side := sidecartest.New()
	index := sidecar.NewIndex(side, "store", "list")
	for _, id := range append(numbers(150), numbers(150)[80:]...) {
		must.Do(t, index.Add(t.Context(), "a", id))
	}
	if got := readAll(t, index, "a", 100); len(got) != 150 {
		t.Errorf("got %d entries, want 150", len(got))
	}
}

func TestIndex_losesNothingToConcurrentWriters(t *testing.T) {
	_, side := sidecartest.New()
	index := sidecar.NewIndex(side, "store", "list")
	var all sync.WaitGroup
	for writer := range 8 {
		all.Go(func() {
			for i := range 60 {
				if err := index.Add(t.Context(), "a", fmt.Sprintf("%d-%d", writer, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	got := readAll(t, index, "a", 100)
	slices.Sort(got)
	if len(got) != 480 || len(slices.Compact(got)) != 480 {
		t.Errorf("got %d entries, want 480 different ones", len(got))
	}
}

// A writer that dies between archiving the full head and beginning the next one does no harm.
func TestIndex_survivesACrashAtEveryStep(t *testing.T) {
	crash := errors.New("killed")
	for step := range 6 {
		states, side := sidecartest.New()
		index := sidecar.NewIndex(side, "store", "list")
		for _, id := range numbers(100) {
			must.Do(t, index.Add(t.Context(), "a", id))
		}
		operations := 0
		states.After = func(string, string) error {
			if operations++; operations > step {
				return status.Error(codes.Unavailable, crash.Error())
			}
			return nil
		}
		_ = index.Add(t.Context(), "a", "100")
		states.After = nil
		must.Do(t, index.Add(t.Context(), "a", "100"))
		want := numbers(101)
		slices.Reverse(want)
		if got := readAll(t, index, "a", 50); !slices.Equal(got, want) {
			t.Errorf("killed after step %d: got %v", step, got)
		}
	}
}

func TestIndex_compactsStaleHintsAndKeepsCursors(t *testing.T) {
	states, side := sidecartest.New()
	index := sidecar.NewIndex(side, "store", "list")
	for _, id := range numbers(350) {
		must.Do(t, index.Add(t.Context(), "a", id))
	}
	_, cursor, err := index.Read(t.Context(), "a", sidecar.Cursor{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	// Keep only the multiples of 50 above 100: the oldest page becomes empty.
	keep := func(_ context.Context, ids []string) (map[string]bool, error) {
		wanted := map[string]bool{}
		for _, id := range ids {
			n, _ := strconv.Atoi(id)
			wanted[id] = n >= 100 && n%50 == 0
		}
		return wanted, nil
	}
	must.Do(t, index.Compact(t.Context(), "a", keep))
	rest, _, err := index.Read(t.Context(), "a", cursor, 100)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"200", "150", "100"}; !slices.Equal(rest, want) {
		t.Errorf("got %v, want %v", rest, want)
	}
	if got := len(states.Keys("store", "list:a")); got != 3 {
		t.Errorf("got %d pages, want 3: the empty one must be gone", got)
	}
}

// Compacting a long list may take longer than its time limit. What is done stays done; otherwise it would never end.
func TestIndex_keepsWhatAnInterruptedCompactionDid(t *testing.T) {
	states, side := sidecartest.New()
	index := sidecar.NewIndex(side, "store", "list")
	for _, id := range numbers(550) {
		must.Do(t, index.Add(t.Context(), "a", id))
	}
	pages := 0
	err := index.Compact(t.Context(), "a", func(context.Context, []string) (map[string]bool, error) {
		if pages++; pages > 3 {
			return nil, errs.New(errs.Unavailable, "the time is up")
		}
		return nil, nil
	})
	if !errs.Is(err, errs.Unavailable) {
		t.Errorf("got %v, want the error of keep", err)
	}
	if got := len(states.Keys("store", "list:a")); got != 3 {
		t.Errorf("got %d pages, want 3: of six, three were found to be empty", got)
	}
	if got := readAll(t, index, "a", 100); len(got) != 250 {
		t.Errorf("got %d entries, want the 250 that were not looked at", len(got))
	}
}

// A cursor comes from the caller: one that names a place beyond the head must not cause reads of the pages in between.
func TestIndex_refusesACursorBeyondItsHead(t *testing.T) {
	states, side := sidecartest.New()
	index := sidecar.NewIndex(side, "store", "list")
	for _, id := range numbers(150) {
		must.Do(t, index.Add(t.Context(), "a", id))
	}
	reads := 0
	states.Before = func(string, string) error {
		if reads++; reads > 10 {
			return status.Error(codes.Unavailable, "enough")
		}
		return nil
	}
	cursor := must.Get(sidecar.ParseCursor("9000000000.5"))(t)
	if _, _, err := index.Read(t.Context(), "a", cursor, 100); !errs.Is(err, errs.Invalid) {
		t.Errorf("got %v after %d reads, want invalid", err, reads)
	}
}

func TestParseCursor_refusesOtherTexts(t *testing.T) {
	for _, text := range []string{"x", "1", "1.", "-1.0", "0.100", "1.2.3", "9999999999999999999.1"} {
		if _, err := sidecar.ParseCursor(text); !errs.Is(err, errs.Invalid) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}
