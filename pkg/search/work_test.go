package search_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/search"
)

// source is a Source of the books of a library. meanwhile runs before the n-th is read.
func (l *library) source(n int, meanwhile func() error) search.Source {
	return func(context.Context) (int, iter.Seq2[search.Document, error], error) {
		return len(l.books), l.all(n, meanwhile), nil
	}
}

func TestWork_rebuildsWhenSomebodyAsks(t *testing.T) {
	l := newLibrary()
	if _, err := l.index.LatestRebuild(t.Context()); !errs.Is(err, errs.NotFound) {
		t.Errorf("got %v", err)
	}
	l.books["a"] = book{ID: "a", Text: "whale", Version: 1} // was never put
	must.Do(t, l.index.Work(t.Context(), l.source(-1, nil)))
	l.expect(t, "whale", "")

	first := must.Get(l.index.AskRebuild(t.Context()))(t)
	second := must.Get(l.index.AskRebuild(t.Context()))(t)
	if first.ID == "" || first.State != search.Waiting || second.ID != first.ID {
		t.Errorf("got %+v, then %+v", first, second)
	}
	must.Do(t, l.index.Work(t.Context(), l.source(0, func() error {
		if r := must.Get(l.index.LatestRebuild(t.Context()))(t); r.ID != first.ID || r.State != search.Running || r.Total != 1 {
			t.Errorf("got %+v", r)
		}
		return l.index.Work(t.Context(), l.source(-1, nil)) // another replica has nothing to do
	})))
	l.expect(t, "whale", "a")
	done := must.Get(l.index.LatestRebuild(t.Context()))(t)
	if done.ID != first.ID || done.State != search.Done || done.Indexed != 1 || done.EndedAt == nil {
		t.Errorf("got %+v", done)
	}
	must.Do(t, l.index.Work(t.Context(), func(context.Context) (int, iter.Seq2[search.Document, error], error) {
		t.Error("it is rebuilt again")
		return 0, nil, errors.New("again")
	}))
	if again := must.Get(l.index.AskRebuild(t.Context()))(t); again.ID == first.ID || again.State != search.Waiting {
		t.Errorf("got %+v", again)
	}
}

// A rebuild begins again until it has come to its end: at once if it failed, and after two minutes if its process died.
func TestWork_beginsARebuildAgain(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		l, broken := newLibrary(), errors.New("broken")
		for i := range 20 {
			id := fmt.Sprint(i)
			l.books[id] = book{ID: id, Text: strings.Repeat("sand ", 100_000) + "whale", Version: 1}
		}
		asked := must.Get(l.index.AskRebuild(t.Context()))(t)
		expect := func(state string) {
			t.Helper()
			if r := must.Get(l.index.LatestRebuild(t.Context()))(t); r.ID != asked.ID || r.State != state {
				t.Errorf("got %+v, want %s", r, state)
			}
		}
		if err := l.index.Work(t.Context(), l.source(12, func() error { return broken })); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
		expect(search.Waiting)
		died := l.index.Work(t.Context(), l.source(12, func() error {
			l.states.Before = func(string, string) error { return broken } // whatever it does then
			return broken
		}))
		l.states.Before = nil
		if !errors.Is(died, broken) {
			t.Errorf("got %v", died)
		}
		must.Do(t, l.index.Work(t.Context(), l.source(-1, nil)))
		expect(search.Running)
		time.Sleep(3 * time.Minute)
		must.Do(t, l.index.Work(t.Context(), l.source(-1, nil)))
		expect(search.Done)
		if found := strings.Fields(l.find(t, search.Query{Text: "whale"})); len(found) != 20 {
			t.Errorf("%d are found", len(found))
		}
		time.Sleep(6 * time.Minute)
		must.Do(t, l.index.Work(t.Context(), l.source(-1, nil)))
		expectTidy(t, l.states, l.index)
	})
}
