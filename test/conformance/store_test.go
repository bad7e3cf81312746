package conformance

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/sidecar"
	"stoa/test/conformance/report"
	"stoa/test/system"
)

// note is what the store checks keep.
type note struct {
	Text string `json:"text"`
	N    int    `json:"n"`
}

var storeChecks = []check[*rig]{
	{"create race", "20 writers create one key at once: one succeeds, and the others learn that it exists.", createRace},
	{"compare-and-swap race", "Ten writers add to one document ten times each: no addition is lost.", swapRace},
	{"stale delete", "A delete fails if the document has changed since it was read; a deleted document can be created again.",
		staleDelete},
	{"time to live", "A draft expires, and its key is free again; a draft that is saved without a time to live stays.", timeToLive},
	{"large value", "A document of 1 MiB is read as it was saved, alone and among many.", largeValue},
	{"odd keys", "Keys with spaces, quotes, wildcards, slashes, umlauts, upper and lower case or 200 characters stay distinct.",
		oddKeys},
	{"restart", "Saved documents are there after the database and the sidecar were killed.", storeRestart},
	{"away and back", "While the database is down, calls fail within three seconds; when it is back, they succeed.", storeAway},
	{"speed", "Save, read and change one document, one after the other.", storeSpeed},
}

func TestStores_keepTheirPromises(t *testing.T) {
	t.Parallel()
	for _, store := range chosenStores() {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			runChecks(t, report.Stores, store, storeChecks, func() (*rig, error) {
				return setUp(t, pair{buses[0], store}, nil, publisher)
			})
		})
	}
}

// documents are kept in the store of orders; each check has a kind of its own.
func (r *rig) documents(t *probe, kind string) *sidecar.Documents[note] {
	t.Helper()
	return sidecar.NewDocuments[note](r.Open(t, publisher), "order-store", kind)
}

func createRace(t *probe, r *rig) {
	notes := r.documents(t, "create")
	for round := range 5 {
		id, won := fmt.Sprint(round), make(chan int, 20)
		system.AtOnce(cap(won), func(n int) {
			switch err := notes.Create(t.Context(), id, note{N: n}, 0); {
			case err == nil:
				won <- n
			case !errs.Is(err, errs.Conflict):
				t.Errorf("a loser was told: %v", err)
			}
		})
		close(won)
		var winners []int
		for n := range won {
			winners = append(winners, n)
		}
		got, err := notes.Get(t.Context(), id)
		if err != nil || len(winners) != 1 || got.Value.N != winners[0] {
			t.Fatalf("%d were told that they won, and %d is stored (%v)", len(winners), got.Value.N, err)
		}
	}
}

func swapRace(t *probe, r *rig) {
	notes := r.documents(t, "swap")
	must.Do(t, notes.Create(t.Context(), "sum", note{}, 0))
	started := time.Now()
	system.AtOnce(10, func(int) {
		for range 10 {
			if _, err := notes.Update(t.Context(), "sum", func(n *note) error { n.N++; return nil }); err != nil {
				t.Error(err)
			}
		}
	})
	if got, err := notes.Get(t.Context(), "sum"); err != nil || got.Value.N != 100 {
		t.Fatalf("got %d of 100 (%v)", got.Value.N, err)
	}
	t.note("100 contended changes in %s", time.Since(started).Round(time.Millisecond))
}

func staleDelete(t *probe, r *rig) {
	notes := r.documents(t, "delete")
	must.Do(t, notes.Create(t.Context(), "old", note{}, 0))
	stale := must.Get(notes.Get(t.Context(), "old"))(t)
	must.Do(t, notes.Overwrite(t.Context(), "old", note{N: 1}))
	if err := notes.Delete(t.Context(), stale); !errs.Is(err, errs.Conflict) {
		t.Errorf("a stale delete got %v, want a conflict", err)
	}
	fresh, err := notes.Get(t.Context(), "old")
	if err != nil || fresh.Value.N != 1 {
		t.Fatalf("after the stale delete: got %+v, %v", fresh, err)
	}
	if err := notes.Delete(t.Context(), fresh); err != nil {
		t.Errorf("a fresh delete: %v", err)
	}
	if _, err := notes.Get(t.Context(), "old"); !errs.Is(err, errs.NotFound) {
		t.Errorf("a deleted document: got %v, want not found", err)
	}
	if err := notes.Create(t.Context(), "old", note{N: 5}, 0); err != nil {
		t.Errorf("create what was deleted: %v", err)
	}
}

func timeToLive(t *probe, r *rig) {
	notes := r.documents(t, "ttl")
	for _, id := range []string{"kept", "draft"} {
		must.Do(t, notes.Create(t.Context(), id, note{Text: id}, 2*time.Second))
		if _, err := notes.Get(t.Context(), id); err != nil {
			t.Errorf("%s before its time is up: %v", id, err)
		}
		if id == "kept" {
			must.Get(notes.Update(t.Context(), id, func(n *note) error { n.N = 1; return nil }))(t)
		}
	}
	expiring := sidecar.Expiring(r.Open(t, publisher), "order-store", "expiring", func(note) time.Duration { return 2 * time.Second })
	must.Do(t, expiring.Create(t.Context(), "session", note{}, 0))
	must.Get(expiring.Update(t.Context(), "session", func(n *note) error { n.N = 1; return nil }))(t)
	system.Within(t, 15*time.Second, "what is expiring is gone although it was written again", func() error {
		if _, err := expiring.Get(t.Context(), "session"); !errs.Is(err, errs.NotFound) {
			return fmt.Errorf("reading it gives %v", err)
		}
		return nil
	})
	system.Within(t, 15*time.Second, "the draft of two seconds is gone", func() error {
		if _, err := notes.Get(t.Context(), "draft"); !errs.Is(err, errs.NotFound) {
			return fmt.Errorf("reading it gives %v", err)
		}
		return nil
	})
	if got, err := notes.Get(t.Context(), "kept"); err != nil || got.Value.N != 1 {
		t.Errorf("what was written again: got %+v, %v", got.Value, err)
	}
	if err := notes.Create(t.Context(), "draft", note{Text: "again"}, 0); err != nil {
		t.Errorf("create again what has expired: %v", err)
	}
	if got, err := notes.Get(t.Context(), "draft"); err != nil || got.Value.Text != "again" {
		t.Errorf("what was created again: got %+v, %v", got.Value, err)
	}
}

func largeValue(t *probe, r *rig) {
	notes := r.documents(t, "large")
	const part = "ä \"quoted\" \\ <b>\u2028 "
	text := strings.Repeat(part, 1<<20/len(part))
	all := []string{"one", "two", "three", "four", "five"} // together more than a message of a sidecar may have
	for _, id := range all {
		must.Do(t, notes.Create(t.Context(), id, note{Text: text}, 0))
	}
	must.Get(notes.Update(t.Context(), "one", func(n *note) error { n.N = 1; return nil }))(t)
	if got, err := notes.Get(t.Context(), "one"); err != nil || got.Value.Text != text || got.Value.N != 1 {
		t.Errorf("alone: got %d of %d bytes, %v", len(got.Value.Text), len(text), err)
	}
	many, err := notes.GetMany(t.Context(), all)
	if err != nil || len(many) != len(all) {
		t.Fatalf("among many: got %d of %d documents, %v", len(many), len(all), err)
	}
	for i, document := range many {
		if document.ID != all[i] || document.Value.Text != text {
			t.Errorf("among many: document %d is %s, with %d bytes", i, document.ID, len(document.Value.Text))
		}
	}
}

// strange are ids that some database might take for one another, or for something else than text.
var strange = []string{
	"a b/c?d=e&f#g", "a%", "a_", "%%s", "a*", "a'b", `a"b`, "a`b", `a\b`, "a;DROP TABLE x", "a$b.c", "{a}", "[a]", "a:b", "a,b", "a|b",
	"ü", "u", "ß", "ss", "日本語", "😀", "Case", "case", "trailing", "trailing ",
	strings.Repeat("x", 199) + "1", strings.Repeat("x", 199) + "2",
}

func oddKeys(t *probe, r *rig) {
	notes := r.documents(t, "odd")
	for n, id := range strange {
		if err := notes.Create(t.Context(), id, note{N: n}, 0); err != nil {
			t.Errorf("create %q: %v", id, err)
		}
	}
	for n, id := range strange {
		got, err := notes.Get(t.Context(), id)
		if err != nil || got.Value.N != n {
			t.Errorf("read %q: got no. %d, want no. %d, %v", id, got.Value.N, n, err)
			continue
		}
		if _, err := notes.Update(t.Context(), id, func(n *note) error { n.Text = id; return nil }); err != nil {
			t.Errorf("change %q: %v", id, err)
		}
	}
	many, err := notes.GetMany(t.Context(), append([]string{"nothing"}, strange...))
	if err != nil || len(many) != len(strange) {
		t.Fatalf("read many: got %d of %d, %v", len(many), len(strange), err)
	}
	for i, document := range many {
		if document.ID != strange[i] || document.Value.Text != strange[i] {
			t.Errorf("read many: got %q with %q, want %q", document.ID, document.Value.Text, strange[i])
		}
		if err := notes.Delete(t.Context(), document); err != nil {
			t.Errorf("delete %q: %v", document.ID, err)
		}
	}
}

func storeRestart(t *probe, r *rig) {
	notes := r.documents(t, "restart")
	for n := range 50 {
		must.Do(t, notes.Create(t.Context(), fmt.Sprint(n), note{N: n}, 0))
	}
	if database := r.database(); database != nil {
		must.Do(t, errors.Join(database.down(), database.up(t.Context())))
	}
	r.Kill(t, publisher+".sidecar")
	for n := range 50 {
		system.Within(t, patience, "what was saved can be read", func() error {
			got, err := notes.Get(t.Context(), fmt.Sprint(n))
			if err == nil && got.Value.N != n {
				err = fmt.Errorf("got %d, want %d", got.Value.N, n)
			}
			return err
		})
	}
	system.Within(t, patience, "it can be changed", func() error {
		_, err := notes.Update(t.Context(), "7", func(n *note) error { n.Text = "changed"; return nil })
		return err
	})
}

func storeAway(t *probe, r *rig) {
	database := r.database()
	if database == nil {
		t.notApplicable("the database is a file that the sidecar itself keeps; there is no server that could be away")
	}
	notes := r.documents(t, "away")
	must.Do(t, notes.Create(t.Context(), "before", note{N: 1}, 0))
	must.Do(t, database.down())
	tries := 0
	for _, call := range []func() error{
		func() error { _, err := notes.Get(t.Context(), "before"); return err },
		func() error { tries++; return notes.Create(t.Context(), fmt.Sprint("during", tries), note{}, 0) },
	} {
		system.Within(t, patience, "the outage is noticed", func() error { // what was killed may take a moment to die
			started := time.Now()
			err := call()
			if took := time.Since(started); took > 3*time.Second {
				t.Errorf("it took %s to say that the database is away", took.Round(time.Millisecond))
			}
			if !errs.Is(err, errs.Unavailable) {
				return fmt.Errorf("got %v, want unavailable", err)
			}
			return nil
		})
	}
	must.Do(t, database.up(t.Context()))
	back := time.Now()
	system.Within(t, patience, "the store works again", func() error {
		_, err := notes.Update(t.Context(), "before", func(n *note) error { n.N = 2; return nil })
		return err
	})
	t.note("the first change went through %s after the database was back", time.Since(back).Round(time.Millisecond))
}
