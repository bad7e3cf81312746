package domain

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
)

// notes has noted some orders, of which some are still open.
type notes struct {
	noted OpenOrders
	open  map[string]bool
	err   error
}

func (n notes) Noted(context.Context, string) (OpenOrders, error) { return n.noted, n.err }

func (n notes) StillOpen(context.Context, []string) (map[string]bool, error) { return n.open, n.err }

// What is remembered about a customer whose orders end stays small.
func TestAdmission_forgetsOrdersThatHaveEnded(t *testing.T) {
	a := NewAdmission(notes{}, func() int64 { return 1000 })
	for n := range 500 {
		id := fmt.Sprint(n)
		must.Do(t, a.admit(t.Context(), "alice", id, 1))
		a.settle("alice", id, 1, true)
		if known := a.known("alice"); len(known.open) > sweepEvery || len(known.placing) > 0 {
			t.Fatalf("after %d orders: %d open ones and %d under way are remembered", n, len(known.open), len(known.placing))
		}
	}
}

// A customer whose browser sends one order again and again makes the store no work.
func TestAdmission_readsNothingForAnOrderThatIsKnown(t *testing.T) {
	a := NewAdmission(notes{err: errors.New("it was asked")}, func() int64 { return 1000 })
	for n := range sweepEvery - 1 {
		id := fmt.Sprint(n)
		for range 2 {
			must.Do(t, a.admit(t.Context(), "alice", id, 1))
			a.settle("alice", id, 1, true)
		}
	}
	if err := a.admit(t.Context(), "alice", "one more", 1); err == nil {
		t.Error("orders that have ended are never dropped")
	}
}

func TestAdmission_countsEachOrderOnce(t *testing.T) {
	limit := int64(100)
	n := notes{noted: OpenOrders{"confirmed": 20, "placing": 30, "shipped": 50}, open: map[string]bool{"confirmed": true, "placing": true}}
	a := NewAdmission(n, func() int64 { return limit })
	must.Do(t, a.admit(t.Context(), "alice", "placing", 30)) // the worker has noted it already
	for range 3 {
		if err := a.admit(t.Context(), "alice", "large", 71); !errs.Is(err, errs.Conflict) {
			t.Errorf("71 pieces: got %v", err)
		}
		must.Do(t, a.admit(t.Context(), "alice", "placing", 30)) // the same request again
	}
	if err := a.admit(t.Context(), "alice", "large", 51); !errs.Is(err, errs.Conflict) {
		t.Errorf("51 pieces: got %v", err)
	}
	must.Do(t, a.admit(t.Context(), "alice", "half", 50))
	limit = 0 // as long as there is no limit, nothing is remembered
	a.settle("alice", "half", 50, true)
	limit = 100
	a.settle("alice", "placing", 30, false)
	if known := a.known("alice"); len(known.placing) > 0 || known.open.pieces() != 20 {
		t.Errorf("remembered: %v", known)
	}
}

func TestAdmission_failsWhenItCannotRead(t *testing.T) {
	away := errors.New("the store is away")
	a := NewAdmission(notes{err: away}, func() int64 { return 100 })
	must.Do(t, a.admit(t.Context(), "alice", "1", 60))
	if err := a.admit(t.Context(), "alice", "2", 60); !errors.Is(err, away) {
		t.Errorf("got %v", err)
	}
	must.Do(t, a.admit(t.Context(), "alice", "3", 40)) // it fits, so nothing is read
}
