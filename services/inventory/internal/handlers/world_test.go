package handlers_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"pgregory.net/rapid"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/messaging"
	"stoa/pkg/messaging/messagingtest"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/inventory/internal/domain"
	"stoa/services/inventory/internal/handlers"
	"stoa/services/inventory/internal/providers"
	"stoa/services/inventory/internal/repositories"
)

// world runs the real handlers on a store and a bus in memory, several at once and one step at a time: each operation on
// the store and each publish is a step. The test chooses which run takes the next step, loses an answer, or dies.
type world struct {
	states       *sidecartest.States
	bus          *messagingtest.Bus
	catalogue    *repositories.Catalogue
	reservations *repositories.Reservations
	history      *repositories.History
	byHand       *domain.Stock
	handlers     map[string]messaging.Handler
	now          time.Time

	deliveries []*delivery
	runs       []*run
	// resumed is the run that takes a step now; nil while the test itself looks at the stores.
	resumed *run
	// orphaned is whether a run ended badly whose event is not delivered again, as another run had acknowledged it.
	orphaned bool
}

// delivery is an event that is delivered until a handler has acknowledged it.
type delivery struct {
	event messaging.Event
	acked bool
}

// run is one run of a handler.
type run struct {
	delivery *delivery
	yield    func(struct{}) bool
	next     func() (struct{}, bool)
	crash    func()
	// lose makes the next answer get lost.
	lose   bool
	failed bool
}

// adjust is the type of events that stand for requests to adjust the stock: staff repeat them until they are answered.
const adjust = "adjust"

// adjustments is the payload of adjust: one request after the other.
type adjustments struct{ All []domain.Adjustment }

var errDied = errors.New("the process died")

// newWorld returns a world with nothing in it. Its bus checks no schema: there are thousands of worlds, and other tests do.
func newWorld(t rapid.TB) *world {
	bus := &messagingtest.Bus{}
	publisher := must.Get(messaging.NewPublisher(bus, "inventory-worker"))(t)
	return worldOn(bus, publisher)
}

func worldOn(bus *messagingtest.Bus, publisher *messaging.Publisher) *world {
	states, side := sidecartest.New()
	w := &world{
		states: states, bus: bus,
		catalogue: repositories.NewCatalogue(side), reservations: repositories.NewReservations(side),
		history: repositories.NewHistory(side), now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	w.byHand = domain.NewStock(w.catalogue, w.history)
	w.handlers = messagingtest.Handlers(handlers.Subscriptions(domain.NewLedger(w.catalogue, w.reservations,
		providers.NewEvents(publisher), func() int64 { return lowStock }, func() time.Time { return w.now })))
	w.handlers[adjust] = messaging.Typed(func(ctx context.Context, _ messaging.Event, asked adjustments) error {
		for _, a := range asked.All {
			if _, err := w.byHand.Adjust(ctx, a); errs.Is(err, errs.Unavailable) {
				return err
			}
		}
		return nil // done, or refused
	})
	states.Before = func(string, string) error { return w.step() }
	states.After = func(string, string) error { return w.answer() }
	bus.Before = func(string) error { return w.step() }
	bus.After = func(string) error { return w.answer() }
	return w
}

// step hands control back to the test, which may end the run. What the test itself does is not a step.
func (w *world) step() error {
	if w.resumed != nil && !w.resumed.yield(struct{}{}) {
		panic(errDied)
	}
	return nil
}

// answer fails if the test wants the answer to be lost.
func (w *world) answer() error {
	if w.resumed != nil && w.resumed.lose {
		w.resumed.lose = false
		return status.Error(codes.Unavailable, "the answer got lost")
	}
	return nil
}

// add delivers an event from now on.
func (w *world) add(e messaging.Event) {
	w.deliveries = append(w.deliveries, &delivery{event: e})
}

// waiting returns the deliveries that are not acknowledged.
func (w *world) waiting() []*delivery {
	return slices.DeleteFunc(slices.Clone(w.deliveries), func(d *delivery) bool { return d.acked })
}

// start begins a run of the handler of an event.
func (w *world) start(d *delivery) *run {
	r := &run{delivery: d}
	r.next, r.crash = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			if cause := recover(); cause != nil && cause != error(errDied) {
				panic(cause)
			}
		}()
		r.yield = yield
		r.failed = true // unless it gets to its end
		r.failed = w.handlers[d.event.Type](context.Background(), d.event) != nil
		d.acked = d.acked || !r.failed
	})
	w.runs = append(w.runs, r)
	return r
}

// resume lets a run take its next step, and reports whether there was one.
func (w *world) resume(r *run) bool {
	w.resumed = r
	_, more := r.next()
	w.resumed = nil
	if !more {
		w.drop(r)
	}
	return more
}

// kill ends a run where it is. Its event is delivered again, unless another run has acknowledged it.
func (w *world) kill(r *run) {
	r.crash()
	w.drop(r)
}

func (w *world) drop(r *run) {
	w.orphaned = w.orphaned || r.failed && r.delivery.acked
	w.runs = slices.DeleteFunc(w.runs, func(other *run) bool { return other == r })
}

// finish runs everything that is under way or waiting to its end.
func (w *world) finish() error {
	for range 1000 {
		for len(w.runs) > 0 {
			w.resume(w.runs[0])
		}
		waiting := w.waiting()
		if len(waiting) == 0 {
			return nil
		}
		w.start(waiting[0])
	}
	return fmt.Errorf("still waiting for %d events, the first is %s", len(w.waiting()), w.waiting()[0].event.Type)
}

// product reads a product.
func (w *world) product(id string) (domain.Product, error) {
	return w.catalogue.Update(context.Background(), id, func(*domain.Product) error { return nil })
}

func show(value any) string {
	raw, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(raw)
}
