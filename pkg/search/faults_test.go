package search_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/search"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
)

// failAt lets the n-th operation of the store fail, before it has happened or after. It reports whether there was one.
func failAt(states *sidecartest.States, n int, happened bool) (failed func() bool) {
	hook := func(string, string) error {
		if n--; n == 0 {
			return status.Error(codes.Unavailable, "away")
		}
		return nil
	}
	if states.Before, states.After = hook, nil; happened {
		states.Before, states.After = nil, hook
	}
	return func() bool { states.Before, states.After = nil, nil; return n <= 0 }
}

// Whichever call of a put, a merge or a rebuild fails, or succeeds without an answer: repeated, it takes effect once, and what it
// left is deleted.
func TestIndex_survivesAnyFailedCall(t *testing.T) {
	whale := book{ID: "whale", Text: "whale", Version: 1}
	for name, do := range map[string]func(*testing.T, *library) error{
		"put":      func(t *testing.T, l *library) error { return l.index.Put(t.Context(), whale.document()) },
		"maintain": func(t *testing.T, l *library) error { return l.index.Maintain(t.Context()) },
		"rebuild":  func(t *testing.T, l *library) error { return l.index.Rebuild(t.Context(), 5, l.all(-1, nil)) },
	} {
		for _, happened := range []bool{false, true} {
			for n, failed := 1, true; failed; n++ {
				synctest.Test(t, func(t *testing.T) {
					l := newLibrary()
					for i := range 4 {
						l.put(t, book{ID: fmt.Sprint(i), Text: "sea", Version: 1})
					}
					l.put(t, whale)
					failing := failAt(l.states, n, happened)
					err := do(t, l)
					failed = failing()
					if err != nil && !errs.Is(err, errs.Unavailable) {
						t.Errorf("%s, call %d: %v", name, n, err)
					}
					l.expectSet(t, "sea", "0", "1", "2", "3")
					time.Sleep(3 * time.Minute)
					must.Do(t, do(t, l))
					time.Sleep(6 * time.Minute)
					must.Do(t, l.index.Maintain(t.Context()))
					l.expectSet(t, "sea", "0", "1", "2", "3")
					l.expectSet(t, "whale", "whale")
					time.Sleep(6 * time.Minute)
					must.Do(t, l.index.Maintain(t.Context()))
					expectTidy(t, l.states, l.index)
				})
			}
		}
	}
}

// An index of which the store has lost a part says so, and a rebuild repairs it.
func TestIndex_saysThatItIsDamaged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLibrary()
		for i := range 5 {
			l.put(t, book{ID: fmt.Sprint(i), Text: "whale", Version: 1})
		}
		l.states.Drop("store", l.states.Keys("store", "search-part:")[0])
		if _, _, err := search.Find(t.Context(), l.index, search.Query{Text: "whale"}, l.load); !errs.Is(err, errs.Unavailable) {
			t.Errorf("got %v", err)
		}
		if err := l.index.Maintain(t.Context()); !errs.Is(err, errs.Unavailable) {
			t.Errorf("got %v", err)
		}
		must.Do(t, l.index.Rebuild(t.Context(), 5, l.all(-1, nil)))
		l.expectSet(t, "whale", "0", "1", "2", "3", "4")
		time.Sleep(6 * time.Minute)
		must.Do(t, l.index.Maintain(t.Context()))
		expectTidy(t, l.states, l.index)
	})
}

// A part whose bytes are not those that were written is an error, never a panic.
func TestIndex_standsDamagedParts(t *testing.T) {
	must.HaveTime(t)
	l := newLibrary()
	var documents []search.Document
	var want []string
	for i := range 6000 {
		b := book{ID: fmt.Sprint(i), Text: fmt.Sprint("whale w", i%1000), Version: 1}
		if l.books[b.ID], documents = b, append(documents, b.document()); i%1000 == 499 {
			want = append(want, b.ID)
		}
	}
	must.Do(t, l.index.Put(t.Context(), documents...))
	key, damaged := regexp.MustCompile(`"block":"([^"]+)"`), 0
	for _, part := range l.states.Keys("store", "search-part:") {
		was := l.states.Value("store", part)
		block := key.FindStringSubmatch(was)
		if block == nil {
			continue
		}
		damaged++
		for _, n := range []int{0, 4, len(block[1]) / 2 / 4 * 4} {
			l.write(t, part, strings.Replace(was, block[1], block[1][:n], 1))
			other := &library{states: l.states, index: indexOn(sidecar.StatesOnly(l.states)), books: l.books}
			for _, text := range []string{"whale ", "w499", "whale w1"} {
				_, _, err := search.Find(t.Context(), other.index, search.Query{Text: text, Limit: 100}, other.load)
				if err != nil && !errs.Is(err, errs.Unavailable) {
					t.Errorf("%s, of which %d bytes are left: got %v", part, n, err)
				}
			}
		}
		l.write(t, part, was)
	}
	l.expectSet(t, "w499 ", want...)
	if damaged < 10 {
		t.Errorf("it has only %d blocks", damaged)
	}
}

// A rebuild waits while the store is away, and has not to begin again.
func TestRebuild_waitsForTheStore(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		l := newLibrary()
		var want []string
		for i := range 40 {
			b := book{ID: fmt.Sprint(i), Text: strings.Repeat("sand ", 100_000) + "whale", Version: 1}
			l.books[b.ID], want = b, append(want, b.ID)
		}
		away, saved := time.Now(), 0
		l.states.Before = func(operation, _ string) error {
			if operation == "save" && !time.Now().Before(away) {
				if saved++; saved%7 == 0 {
					away = time.Now().Add(20 * time.Second)
				}
			}
			if time.Now().Before(away) {
				return status.Error(codes.Unavailable, "away")
			}
			return nil
		}
		time.Sleep(time.Second)
		must.Do(t, l.index.Rebuild(t.Context(), 40, l.all(-1, nil)))
		l.states.Before = nil
		l.expectSet(t, "whale", want...)
		if saved < 20 {
			t.Errorf("only %d calls write", saved)
		}
		for range 2 {
			time.Sleep(6 * time.Minute)
			must.Do(t, l.index.Maintain(t.Context()))
		}
		expectTidy(t, l.states, l.index)
	})
}

// A process that dies while it writes a long document leaves parts, however many, that are deleted later.
func TestMaintain_deletesWhatADeadWriterHasLeft(t *testing.T) {
	must.HaveTime(t)
	for _, parts := range []int{0, 1, 15, 16, 17, 40} {
		synctest.Test(t, func(t *testing.T) {
			l := newLibrary()
			var long strings.Builder
			for i := range 200_000 {
				fmt.Fprintf(&long, "w%d ", i)
			}
			saved := 0
			l.states.Before = func(operation, key string) error {
				if operation != "save" || !strings.HasPrefix(key, "search-part:") {
					return nil
				}
				if saved == parts {
					return errors.New("killed")
				}
				saved++
				return nil
			}
			if err := l.index.Put(t.Context(), book{ID: "a", Text: long.String()}.document()); err == nil {
				t.Fatalf("it has at most %d parts", parts)
			}
			l.states.Before = nil
			time.Sleep(time.Minute)
			must.Do(t, l.index.Maintain(t.Context()))
			if got := len(l.states.Keys("store", "search-part:")); got != parts {
				t.Errorf("%d of %d parts are left before their time", got, parts)
			}
			time.Sleep(2 * time.Minute)
			must.Do(t, l.index.Maintain(t.Context()))
			if got := l.states.Keys("store", "search-part:"); len(got) > 0 {
				t.Errorf("of %d parts, %d are left", parts, len(got))
			}
		})
	}
}

// A writer that was asleep for so long that its parts were deleted does not name them in the manifest.
func TestIndex_mayBeAsleepBeforeItCommits(t *testing.T) {
	for name, do := range map[string]func(*testing.T, *library) error{
		"put": func(t *testing.T, l *library) error {
			return l.index.Put(t.Context(), book{ID: "new", Text: "whale"}.document())
		},
		"maintain": func(t *testing.T, l *library) error { return l.index.Maintain(t.Context()) },
		"rebuild":  func(t *testing.T, l *library) error { return l.index.Rebuild(t.Context(), 4, l.all(-1, nil)) },
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLibrary()
			for i := range 4 {
				l.put(t, book{ID: fmt.Sprint(i), Text: "whale"})
			}
			l.books["new"] = book{ID: "new"}
			slept := false
			l.states.After = func(operation, key string) error {
				if slept || operation != "save" || !strings.HasSuffix(key, ".0") {
					return nil
				}
				slept = true // the head is written, the manifest is not
				time.Sleep(3 * time.Minute)
				other := indexOn(sidecar.StatesOnly(l.states))
				return errors.Join(other.Maintain(t.Context()), other.Maintain(t.Context()))
			}
			err := do(t, l)
			if err != nil && !errs.Is(err, errs.Conflict) && !errs.Is(err, errs.Unavailable) {
				t.Errorf("%s: %v", name, err)
			}
			want := []string{"0", "1", "2", "3"}
			if name == "put" {
				want = append(want, "new")
			}
			l.expectSet(t, "whale", want...)
			time.Sleep(6 * time.Minute)
			must.Do(t, l.index.Maintain(t.Context()))
			l.expectSet(t, "whale", want...)
			expectTidy(t, l.states, l.index)
		})
	}
}

// A writer that was asleep in the middle begins again, and writes nothing more where it was.
func TestPut_mayBeAsleepWhileItWrites(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		l, slept := newLibrary(), false
		var long strings.Builder
		for i := range 100_000 {
			fmt.Fprintf(&long, "w%d ", i)
		}
		l.states.After = func(operation, key string) error {
			if slept || operation != "save" || !strings.HasSuffix(key, ".10") {
				return nil
			}
			slept = true
			time.Sleep(3 * time.Minute)
			return indexOn(sidecar.StatesOnly(l.states)).Maintain(t.Context())
		}
		l.put(t, book{ID: "a", Text: long.String()})
		l.expectSet(t, "w99999", "a")
		if expectTidy(t, l.states, l.index); !slept {
			t.Error("it has few parts")
		}
	})
}
