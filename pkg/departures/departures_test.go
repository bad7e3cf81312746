package departures_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/departures"
	"stoa/pkg/messaging"
	"stoa/pkg/sidecar/sidecartest"
)

const (
	ada = "0198c6a0-0000-7000-8000-000000000001"
	ben = "0198c6a0-0000-7000-8000-000000000002"
)

func TestHandler_readsWhoHasLeft(t *testing.T) {
	var got []departures.Departure
	handle := departures.Handler(func(_ context.Context, d departures.Departure) error {
		got = append(got, d)
		return nil
	})
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, id := range []string{ada, "ada"} {
		e := must.Get(messaging.New("account.deleted.v1", id, map[string]any{"id": id, "at": at, "posts": "keep"}))(t)
		if err := handle(t.Context(), e); errs.Is(err, errs.Invalid) != (id != ada) {
			t.Errorf("%s: %v", id, err)
		}
	}
	if want := (departures.Departure{ID: ada, At: at, Posts: "keep"}); len(got) != 1 || got[0] != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTombstones_outliveTheEventsOfABroker(t *testing.T) {
	states, side := sidecartest.New()
	tombstones := departures.NewTombstones(side, "store")
	for range 2 {
		must.Do(t, tombstones.Leave(t.Context(), ada))
	}
	if left := must.Get(tombstones.Left(t.Context(), []string{ben, ada}))(t); !slices.Equal(left, []string{ada}) {
		t.Errorf("left are %v", left)
	}
	if left := must.Get(tombstones.Left(t.Context(), nil))(t); len(left) != 0 {
		t.Errorf("of nobody, %v have left", left)
	}
	if ttl := states.TTL("store", "left:"+ada); ttl != "2678400" {
		t.Errorf("it expires after %q seconds", ttl)
	}
}

func TestLatest_isKnownUntilItIsSettledOrOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, side := sidecartest.New()
		latest := departures.NewLatest(side, "store", time.Hour)
		expect := func(when string, want ...string) {
			t.Helper()
			found := must.Get(latest.Recent(t.Context()))(t)
			if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, want) {
				t.Errorf("%s: got %v, want %v", when, got, want)
			}
		}
		expect("before")
		must.Do(t, latest.Settle(t.Context(), []string{ada}))
		must.Do(t, latest.Note(t.Context(), departures.Departure{ID: ada, Posts: "keep"}))
		noted := time.Now()
		time.Sleep(40 * time.Minute)
		must.Do(t, latest.Note(t.Context(), departures.Departure{ID: ada}))
		must.Do(t, latest.Note(t.Context(), departures.Departure{ID: ben}))
		expect("both", ada, ben)
		if known := must.Get(latest.Recent(t.Context()))(t)[ada]; !known.NotedAt.Equal(noted) || known.Posts != "keep" {
			t.Errorf("the second note has changed the first: %v", known)
		}
		time.Sleep(40 * time.Minute)
		expect("the first is old", ben)
		must.Do(t, latest.Settle(t.Context(), []string{ben}))
		expect("the second is settled")
	})
}
