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
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/inventory/internal/domain"
	"stoa/services/inventory/internal/handlers"
	"stoa/services/inventory/internal/providers"
	"stoa/services/inventory/internal/repositories"
)

// world runs the real handlers on a store and a bus in memory, several at once and one step at a time: each operation on
// the store and each publish is a step. The test chooses which run takes the next step, loses an answer, or dies.
type world struct {
	*stores
	bus          *messagingtest.Bus
	catalogue    *repositories.Catalogue
	reservations *repositories.Reservations
	history      *repositories.History
	byHand       *domain.Stock
	now          time.Time
	// replica returns the handlers of a process that has just started: it remembers nothing.
	replica  func() map[string]messaging.Handler
	replicas [2]map[string]messaging.Handler

	deliveries []*delivery
	runs       []*run
	// resumed is the run that takes a step now; nil while the test itself looks at the stores.
	resumed *run
	// begun has all movements, with the runs of those that began when their outcome was decided already.
	begun map[string]*run
}

// delivery is an event that is delivered until a handler has acknowledged it.
type delivery struct {
	event messaging.Event
	acked bool
	// deaths is how many runs ended badly.
	deaths int
	// orphaned is whether a run ended badly after another one had begun that acknowledged the event.
	orphaned bool
}

// run is one run of a handler.
type run struct {
	delivery *delivery
	replica  int
	reading  bulkRead
	// before is how many runs had ended badly when this one began.
	before int
	yield  func(struct{}) bool
	next   func() (struct{}, bool)
	crash  func()
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
	states, _ := sidecartest.New()
	w := &world{stores: &stores{States: states}, bus: bus}
	w.reading = w.bulkRead
	side := sidecar.StatesOnly(w.stores)
	*w = world{
		stores: w.stores, bus: bus,
		catalogue: repositories.NewCatalogue(side), reservations: repositories.NewReservations(side),
		history: repositories.NewHistory(side), now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		begun: map[string]*run{},
	}
	w.byHand = domain.NewStock(w.catalogue, w.history)
	w.replica = func() map[string]messaging.Handler {
		all := messagingtest.Handlers(handlers.Subscriptions(domain.NewLedger(w.catalogue, w.reservations,
			providers.NewEvents(publisher), func() int64 { return lowStock }, func() time.Time { return w.now })))
		all[adjust] = messaging.Typed(w.adjustAll)
		return all
	}
	for i := range w.replicas {
		w.replicas[i] = w.replica()
	}
	states.Before = func(string, string) error { return w.step() }
	states.After = func(operation, key string) error {
		w.note(operation, key)
		return w.answer()
	}
	bus.Before = func(string) error { return w.step() }
	bus.After = func(string) error { return w.answer() }
	return w
}

// adjustAll adjusts the stock by hand, until every request is done or refused.
func (w *world) adjustAll(ctx context.Context, _ messaging.Event, asked adjustments) error {
	for _, a := range asked.All {
		if _, err := w.byHand.Adjust(ctx, a); errs.Is(err, errs.Unavailable) {
			return err
		}
	}
	return nil
}

// bulkRead says how the present run reads in bulk. What the test itself reads is all there.
func (w *world) bulkRead() (how bulkRead) {
	if w.resumed != nil {
		how, w.resumed.reading.missing = w.resumed.reading, 0
	}
	return how
}

// step hands control back to the test, which may end the run. What the test itself does is not a step.
func (w *world) step() error {
	if w.resumed != nil && !w.resumed.yield(struct{}{}) {
		panic(errDied)
	}
	return nil
}

// note remembers the movements on a product that was saved.
func (w *world) note(operation, key string) {
	if w.resumed == nil || operation != "save" || kindOf(key) != "product" {
		return
	}
	var p domain.Product
	_ = json.Unmarshal([]byte(w.Value("inventory-store", key)), &p)
	for _, m := range p.Movements {
		var r domain.Reservation
		_ = json.Unmarshal([]byte(w.Value("inventory-store", "reservation:"+m.Order)), &r)
		if _, known := w.begun[m.ID]; !known {
			w.begun[m.ID] = nil
			if r.Decides(m.Kind) {
				w.begun[m.ID] = w.resumed
			}
		}
	}
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

// start begins a run of the handler of an event in a replica.
func (w *world) start(d *delivery, replica int) *run {
	r := &run{delivery: d, replica: replica, before: d.deaths}
	r.next, r.crash = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			if cause := recover(); cause != nil && cause != error(errDied) {
				panic(cause)
			}
		}()
		r.yield = yield
		r.failed = true // unless it gets to its end
		r.failed = w.replicas[replica][d.event.Type](context.Background(), d.event) != nil
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
	d := r.delivery
	if r.failed {
		d.deaths++
	}
	// What a run left that ended badly is for a run that began later.
	d.orphaned = d.orphaned || d.acked && d.deaths > r.before
	w.runs = slices.DeleteFunc(w.runs, func(other *run) bool { return other == r })
}

// restart ends a replica with all its runs, and starts it again.
func (w *world) restart(replica int) {
	for _, r := range slices.Clone(w.runs) {
		if r.replica == replica {
			w.kill(r)
		}
	}
	w.replicas[replica] = w.replica()
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
		w.start(waiting[0], 0)
	}
	return fmt.Errorf("still waiting for %d events, the first is %s", len(w.waiting()), w.waiting()[0].event.Type)
}

// unsettled returns the movements of a product except holds that count.
func (w *world) unsettled(t rapid.TB, p domain.Product) []domain.Movement {
	return slices.DeleteFunc(slices.Clone(p.Movements), func(m domain.Movement) bool {
		r := must.Get(w.reservations.Find(context.Background(), m.Order))(t)
		return m.Kind == domain.Hold && r.Status == domain.Reserved && r.Counts(m)
	})
}

// orphan reports whether no run that follows can know of a movement: it was begun when its outcome was decided, by a run that
// ended badly and whose event is acknowledged.
func (w *world) orphan(m domain.Movement) bool {
	r := w.begun[m.ID]
	return r != nil && r.failed && r.delivery.orphaned
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
