package sidecar_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
)

type counter struct{ N int }

func TestDocuments_createOnce(t *testing.T) {
	_, side := sidecartest.New()
	counters := sidecar.NewDocuments[counter](side, "store", "counter")
	var all sync.WaitGroup
	results := make(chan error, 20)
	for n := range 20 {
		all.Go(func() { results <- counters.Create(t.Context(), "a", counter{N: n}, 0) })
	}
	all.Wait()
	close(results)
	won := 0
	for err := range results {
		if err == nil {
			won++
		} else if !errs.Is(err, errs.Conflict) {
			t.Errorf("got %v, want a conflict", err)
		}
	}
	if won != 1 {
		t.Errorf("%d won", won)
	}
}

// Some stores do not say that a create failed because the document exists.
func TestDocuments_reportALostCreateAsAConflict(t *testing.T) {
	states, side := sidecartest.New()
	counters := sidecar.NewDocuments[counter](side, "store", "counter")
	must.Do(t, counters.Create(t.Context(), "a", counter{}, 0))
	states.Before = func(operation, _ string) error {
		if operation == "save" {
			return status.Error(codes.Internal, "no item was updated")
		}
		return nil
	}
	if err := counters.Create(t.Context(), "a", counter{N: 1}, 0); !errs.Is(err, errs.Conflict) {
		t.Errorf("it exists: got %v, want a conflict", err)
	}
	if err := counters.Create(t.Context(), "b", counter{N: 1}, 0); !errs.Is(err, errs.Unavailable) {
		t.Errorf("it does not exist: got %v, want unavailable", err)
	}
}

func TestDocuments_overwriteWithoutReading(t *testing.T) {
	states, side := sidecartest.New()
	counters := sidecar.NewDocuments[counter](side, "store", "counter")
	must.Do(t, counters.Create(t.Context(), "a", counter{}, 0))
	read := must.Get(counters.Get(t.Context(), "a"))(t)
	var calls []string
	states.Before = func(operation, _ string) error {
		calls = append(calls, operation)
		return nil
	}
	must.Do(t, counters.Overwrite(t.Context(), "a", counter{N: 1}))
	if len(calls) != 1 {
		t.Errorf("it took %v", calls)
	}
	if err := counters.Swap(t.Context(), read, counter{N: 2}); !errs.Is(err, errs.Conflict) {
		t.Errorf("a swap of what was read before: got %v, want a conflict", err)
	}

	states.Before = func(operation, _ string) error { // as Redis does for what Create has written
		if calls = append(calls, operation); len(calls) == 1 {
			return status.Error(codes.Internal, "failed to set key counter:a")
		}
		return nil
	}
	calls = nil
	must.Do(t, counters.Overwrite(t.Context(), "a", counter{N: 3}))
	if got := must.Get(counters.Get(t.Context(), "a"))(t); got.Value.N != 3 {
		t.Errorf("a store that refuses has %+v", got.Value)
	}
	states.Before = func(string, string) error { return status.Error(codes.Internal, "down") }
	if err := counters.Overwrite(t.Context(), "a", counter{N: 4}); !errs.Is(err, errs.Unavailable) {
		t.Errorf("in an outage: got %v", err)
	}
}

func TestDocuments_loseNoUpdate(t *testing.T) {
	_, side := sidecartest.New()
	counters := sidecar.NewDocuments[counter](side, "store", "counter")
	must.Do(t, counters.Create(t.Context(), "a", counter{}, 0))
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 25 {
				if _, err := counters.Update(t.Context(), "a", func(c *counter) error { c.N++; return nil }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got, err := counters.Get(t.Context(), "a"); err != nil || got.Value.N != 400 {
		t.Errorf("got %d, %v, want 400", got.Value.N, err)
	}
}

func TestDocuments_writeOnlyWhatChanged(t *testing.T) {
	states, side := sidecartest.New()
	counters := sidecar.NewDocuments[counter](side, "store", "counter")
	must.Do(t, counters.Create(t.Context(), "a", counter{N: 1}, 0))
	states.Before = func(operation, key string) error {
		if operation == "save" {
			t.Errorf("%s was saved", key)
		}
		return nil
	}
	if _, err := counters.Update(t.Context(), "a", func(*counter) error { return nil }); err != nil {
		t.Error(err)
	}
	refused := errs.New(errs.Conflict, "no")
	if _, err := counters.Update(t.Context(), "a", func(c *counter) error { c.N = 9; return refused }); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
}

func TestDocuments_classifyErrors(t *testing.T) {
	states, side := sidecartest.New()
	counters := sidecar.NewDocuments[counter](side, "store", "counter")
	if _, err := counters.Get(t.Context(), "a"); !errs.Is(err, errs.NotFound) {
		t.Errorf("get: %v", err)
	}
	if _, err := counters.Update(t.Context(), "a", func(*counter) error { return nil }); !errs.Is(err, errs.NotFound) {
		t.Errorf("update: %v", err)
	}
	states.Before = func(string, string) error { return status.Error(codes.Internal, "connection refused") }
	if _, err := counters.Get(t.Context(), "a"); !errs.Is(err, errs.Unavailable) {
		t.Errorf("outage: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := counters.Create(ctx, "a", counter{}, 0); !errs.Is(err, errs.Unavailable) {
		t.Errorf("cancelled: %v", err)
	}
}

// A sidecar refuses a key that contains its separator. That is not an outage: no document has such an id.
func TestDocuments_findNothingUnderTheSeparatorOfKeys(t *testing.T) {
	states, side := sidecartest.New()
	states.Before = func(string, string) error {
		return status.Error(codes.InvalidArgument, "input key/keyPrefix can't contain '||'")
	}
	counters := sidecar.NewDocuments[counter](side, "store", "counter")
	if _, err := counters.Get(t.Context(), "x||counter:a"); !errs.Is(err, errs.NotFound) {
		t.Errorf("get: %v", err)
	}
	if _, err := counters.Update(t.Context(), "x||counter:a", func(*counter) error { return nil }); !errs.Is(err, errs.NotFound) {
		t.Errorf("update: %v", err)
	}
}

func TestDocuments_getManyInOrderWithoutGaps(t *testing.T) {
	_, side := sidecartest.New()
	counters := sidecar.NewDocuments[counter](side, "store", "counter")
	for n, id := range []string{"a", "b", "c"} {
		must.Do(t, counters.Create(t.Context(), id, counter{N: n}, 0))
	}
	got, err := counters.GetMany(t.Context(), []string{"c", "gone", "a"})
	if err != nil || len(got) != 2 || got[0].Value.N != 2 || got[1].Value.N != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestDocuments_deleteOnlyWhatWasRead(t *testing.T) {
	states, side := sidecartest.New()
	counters := sidecar.NewDocuments[counter](side, "store", "counter")
	must.Do(t, counters.Create(t.Context(), "a", counter{}, time.Hour))
	if got := states.TTL("store", "counter:a"); got != "3600" {
		t.Errorf("ttl: got %q", got)
	}
	read, _ := counters.Get(t.Context(), "a")
	must.Get(counters.Update(t.Context(), "a", func(c *counter) error { c.N++; return nil }))(t)
	if err := counters.Delete(t.Context(), read); !errs.Is(err, errs.Conflict) {
		t.Errorf("stale: got %v", err)
	}
	read, _ = counters.Get(t.Context(), "a")
	if err := counters.Delete(t.Context(), read); err != nil {
		t.Error(err)
	}
	if keys := strings.Join(states.Keys("store", ""), " "); keys != "" {
		t.Errorf("left: %s", keys)
	}
}

func TestExpiring_setsTheTTLAtEachWrite(t *testing.T) {
	states, side := sidecartest.New()
	counters := sidecar.Expiring(side, "store", "counter", func(c counter) time.Duration {
		if c.N == 4 {
			return sidecar.Forever
		}
		return time.Duration(c.N) * time.Minute
	})
	kept := func(after, seconds string) {
		t.Helper()
		if got := states.TTL("store", "counter:a"); got != seconds {
			t.Errorf("after %s: got a ttl of %q seconds, want %s", after, got, seconds)
		}
	}
	must.Do(t, counters.Create(t.Context(), "a", counter{N: 1}, 0))
	kept("create", "60")
	must.Get(counters.Update(t.Context(), "a", func(c *counter) error { c.N = 2; return nil }))(t)
	kept("update", "120")
	must.Get(counters.Upsert(t.Context(), "a", func(c *counter) error { c.N = 3; return nil }))(t)
	kept("upsert", "180")
	must.Get(counters.Update(t.Context(), "a", func(c *counter) error { c.N = 4; return nil }))(t)
	kept("update to a value that does not expire", "")
	document := must.Get(counters.Get(t.Context(), "a"))(t)
	must.Do(t, counters.Swap(t.Context(), document, counter{N: -1}))
	kept("swap for what is over already", "1")
}

// grown is a counter in its second form: the first had the number as a text.
type grown struct{ N int }

func (grown) Form() int { return 2 }

func (grown) Upgrade(_ int, old json.RawMessage) (json.RawMessage, error) {
	var was struct{ Number string }
	if err := json.Unmarshal(old, &was); err != nil {
		return nil, err
	}
	return json.RawMessage(`{"N":` + was.Number + `}`), nil
}

// first is the form that an earlier build wrote.
type first struct{ Number string }

func TestDocuments_readEarlierFormsAndWriteTheirOwn(t *testing.T) {
	states, side := sidecartest.New()
	must.Do(t, sidecar.NewDocuments[first](side, "store", "counter").Create(t.Context(), "a", first{Number: "7"}, 0))
	counters := sidecar.NewDocuments[grown](side, "store", "counter")
	many, err := counters.GetMany(t.Context(), []string{"a"})
	if err != nil || len(many) != 1 || many[0].Value.N != 7 {
		t.Errorf("got %+v, %v", many, err)
	}
	if got, err := counters.Update(t.Context(), "a", func(g *grown) error { g.N++; return nil }); err != nil || got.N != 8 {
		t.Errorf("got %+v, %v", got, err)
	}
	if got := states.Value("store", "counter:a"); !strings.HasPrefix(got, `{"form":2,"N":8,`) {
		t.Errorf("stored is %s", got)
	}
}

// While two builds run side by side, the older one waits for the newer one to handle what only that one can read.
func TestDocuments_neverWriteOverALaterForm(t *testing.T) {
	states, side := sidecartest.New()
	must.Do(t, sidecar.NewDocuments[grown](side, "store", "counter").Create(t.Context(), "a", grown{N: 7}, 0))
	counters := sidecar.NewDocuments[counter](side, "store", "counter")
	change := func(c *counter) error { c.N = 0; return nil }
	document, readErr := counters.Find(t.Context(), "a")
	_, updateErr := counters.Update(t.Context(), "a", change)
	_, upsertErr := counters.Upsert(t.Context(), "a", change)
	_, manyErr := counters.GetMany(t.Context(), []string{"a"})
	for operation, err := range map[string]error{"find": readErr, "update": updateErr, "upsert": upsertErr, "get many": manyErr} {
		if !errs.Is(err, errs.Unavailable) {
			t.Errorf("%s: got %v, want unavailable", operation, err)
		}
	}
	if err := counters.Create(t.Context(), "a", counter{}, 0); err == nil {
		t.Error("create must fail: the document exists")
	}
	if err := counters.Swap(t.Context(), document, counter{}); err == nil {
		t.Error("swap must fail: the document could not be read")
	}
	if got := states.Value("store", "counter:a"); !strings.HasPrefix(got, `{"form":2,"N":7,`) {
		t.Errorf("stored is %s", got)
	}
}

// A message of a sidecar has at most 4 MiB.
func TestDocuments_areReadInPartsThatFitIntoAMessage(t *testing.T) {
	must.HaveTime(t)
	_, side := sidecartest.New()
	texts := sidecar.NewDocuments[string](side, "store", "text")
	var all []string
	for i := range 100 {
		all = append(all, strconv.Itoa(i))
		must.Do(t, texts.Create(t.Context(), all[i], strings.Repeat("x", 100_000)+all[i], 0))
	}
	found := must.Get(texts.GetMany(t.Context(), all))(t)
	for i, document := range found {
		if document.ID != all[i] || !strings.HasSuffix(document.Value, "x"+all[i]) {
			t.Errorf("document %d is %s", i, document.ID)
		}
	}
	if len(found) != 100 {
		t.Errorf("got %d documents, want 100", len(found))
	}
	if err := texts.Create(t.Context(), "a", strings.Repeat("x", 5<<20), 0); errs.KindOf(err) != errs.Internal {
		t.Errorf("got %v, want an error that is not retried", err)
	}
}
