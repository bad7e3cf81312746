package conformance

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/messaging"
	"stoa/pkg/sidecar"
	"stoa/test/conformance/report"
	"stoa/test/system"
)

var busChecks = []check[*rig]{
	{"once in effect", "200 events, each published twice under one id, have one effect each.", onceInEffect},
	{"sharing", "Two replicas share the events, each at least a fifth; when one is killed, the other takes over.", sharing},
	{"killed consumer", "With 1,000 events under way the consumer is killed, then its sidecar: every event is handled.",
		killedConsumer},
}

// furtherBusChecks are left out of the quick run, since each change of consumers costs Redis some seconds.
var furtherBusChecks = []check[*rig]{
	{"redelivery", "An event whose handler fails is delivered again until the handler succeeds.", redelivery},
	{"poison", "An event that cannot be read becomes one dead letter, and 100 others are handled.", poison},
	{"broker restart", "The broker is killed while events wait, and more are published: every event is handled.",
		brokerRestart},
	{"speed", "Publish an event and have it handled, one after the other.", busSpeed},
}

// awayChecks take long, most of it waiting, and run on all buses at once.
var awayChecks = []check[*rig]{
	{"long outage", "The broker is down for 150 seconds: publishing fails within three seconds, and later every event is handled.",
		longOutage},
}

// The two sidecars of the receiver.
const (
	firstReplica  = receiver + ".sidecar"
	secondReplica = receiver + "-2.sidecar"
)

func TestBuses_keepTheirPromises(t *testing.T) {
	t.Parallel()
	checks := busChecks
	if *full {
		checks = slices.Concat(checks, furtherBusChecks)
	}
	for _, bus := range chosenBuses() {
		t.Run(bus, func(t *testing.T) {
			t.Parallel()
			runChecks(t, report.Buses, bus, checks, func() (*rig, error) {
				return setUp(t, pair{bus, stores[0]}, map[string]int{receiver: 2}, publisher, receiver)
			})
		})
	}
}

func TestBuses_surviveALongOutage(t *testing.T) {
	if !*full {
		t.Skip("NOT CHECKED: it takes three minutes; make conformance does it")
	}
	t.Parallel()
	for _, bus := range chosenBuses() {
		t.Run(bus, func(t *testing.T) {
			t.Parallel()
			runChecks(t, report.Buses, bus, awayChecks, func() (*rig, error) {
				return setUp(t, pair{bus, stores[0]}, nil, publisher, receiver)
			})
		})
	}
}

// many is a number of events: fewer in the quick run, on every bus alike.
func many(n int) int {
	if *full {
		return n
	}
	return n / 4
}

func onceInEffect(t *probe, r *rig) {
	events := many(200)
	source := r.source(t)
	effects := sidecar.NewDocuments[note](r.Open(t, receiver), "backoffice-store", "effect")
	effect, runs := system.NewTally(), atomic.Int64{}
	r.receive(t, on(func(ctx context.Context, e messaging.Event, data payload) error {
		if data.Run != source.run {
			return nil
		}
		runs.Add(1)
		err := effects.Create(ctx, e.ID, note{N: data.N}, 0)
		if errs.Is(err, errs.Conflict) {
			return nil // a copy: its effect is there
		}
		if err == nil {
			effect.Add(data.N)
		}
		return err
	}))
	source.publish(0, events)
	source.publish(0, events)
	source.publish(events, events+1) // comes after all copies, as far as the broker keeps them in order
	system.Within(t, patience, "every event has its effect", func() error { return effect.Missing(events + 1) })
	if got := effect.Runs(); got != events+1 {
		t.Errorf("%d events had %d effects", events+1, got)
	}
	t.note("handlers ran %d times for %d events that were published twice", runs.Load(), events)
}

func redelivery(t *probe, r *rig) {
	const outage, defect = 0, 1 // of ten events, one fails as if the store were away and one by a defect that heals
	source := r.source(t)
	tries, done := system.NewTally(), system.NewTally()
	r.receive(t, on(func(_ context.Context, _ messaging.Event, data payload) error {
		if data.Run != source.run {
			return nil
		}
		tries.Add(data.N)
		switch {
		case data.N == outage && tries.Of(outage) <= 5:
			return errs.New(errs.Unavailable, "the store is away")
		case data.N == defect && tries.Of(defect) <= 3:
			return errors.New("index out of range")
		}
		done.Add(data.N)
		return nil
	}))
	started := time.Now()
	source.publish(0, 10)
	system.Within(t, patience, "every event is handled", func() error { return done.Missing(10) })
	t.note("an event that failed five times was through after %s", time.Since(started).Round(time.Millisecond))
}

func poison(t *probe, r *rig) {
	events := many(100)
	source := r.source(t)
	done, letters := system.NewTally(), system.NewTally()
	inRun := func(data payload) bool { return data.Run == source.run }
	r.receive(t,
		on(func(_ context.Context, _ messaging.Event, data payload) error {
			if inRun(data) && data.N >= events {
				return errs.New(errs.Invalid, "this makes no sense")
			}
			if inRun(data) {
				done.Add(data.N)
			}
			return nil
		}),
		messaging.Subscription{Topic: messaging.DeadLetters, On: map[string]messaging.Handler{
			messaging.DeadLetterType: messaging.Typed(func(_ context.Context, _ messaging.Event, letter messaging.DeadLetter) error {
				for n := events; n <= events+1; n++ {
					if letter.Event.ID == source.event(n).ID {
						letters.Add(n)
					}
				}
				if string(letter.Event.Data) == strconv.Quote(source.run) {
					letters.Add(events + 2)
				}
				return nil
			}),
		}},
	)
	source.publish(0, events/2)
	source.publish(events, events+1) // the poison
	source.publishText(source.run)   // more poison: not even an event
	source.publish(events/2, events)
	system.Within(t, patience, "the others are handled", func() error { return done.Missing(events) })
	system.Within(t, patience, "there are dead letters", func() error { return letters.Fewer(2, 2) })
	source.publish(events+1, events+2) // its letter comes after any second one of the first
	system.Within(t, patience, "there is another dead letter", func() error { return letters.Fewer(3, 3) })
	for n := events; n < events+3; n++ {
		if got := letters.Of(n); got != 1 {
			t.Errorf("message %d was set aside in %d dead letters", n, got)
		}
	}
}

func sharing(t *probe, r *rig) {
	events := many(600)
	source, all := r.source(t), system.NewTally()
	first := r.startChild(t, firstReplica, source.run, 2*time.Millisecond, all)
	second := r.startChild(t, secondReplica, source.run, 2*time.Millisecond, all)
	settled := 0
	system.Within(t, patience, "both replicas receive", func() error {
		source.publish(settled, settled+20)
		settled += 20
		return errors.Join(first.tally.Fewer(1, settled), second.tally.Fewer(1, settled))
	})
	system.Within(t, patience, "every event is handled", func() error { return all.Missing(settled) })
	a, b := first.tally.Distinct(), second.tally.Distinct()
	end := settled + events
	source.publish(settled, end)
	system.Within(t, patience, "every event is handled", func() error { return all.Missing(end) })
	a, b = first.tally.Distinct()-a, second.tally.Distinct()-b
	if min(a, b) < events/5 {
		t.Errorf("of %d events one replica handled %d and the other %d", events, a, b)
	}
	t.note("of %d events one replica handled %d and the other %d", events, a, b)

	second.kill()
	r.Kill(t, secondReplica)
	killed := time.Now()
	source.publish(end, end+events)
	system.Within(t, patience, "the other replica handles the rest", func() error { return all.Missing(end + events) })
	t.note("%d more were handled %s after one replica was killed", events, time.Since(killed).Round(time.Millisecond))
}

func killedConsumer(t *probe, r *rig) {
	events := many(1000)
	source, all := r.source(t), system.NewTally()
	victim := r.startChild(t, firstReplica, source.run, 3*time.Millisecond, all)
	published := make(chan struct{})
	go func() {
		defer close(published)
		source.publish(0, events)
	}()
	defer func() { <-published }()
	system.Within(t, patience, "work is under way", func() error { return all.Fewer(events/10, events) })
	victim.kill()
	r.startChild(t, firstReplica, source.run, 3*time.Millisecond, all)
	system.Within(t, patience, "work goes on", func() error { return all.Fewer(events/3, events) })
	r.Kill(t, firstReplica)
	killed := time.Now()
	<-published
	system.Within(t, patience, "every event is handled", func() error { return all.Missing(events) })
	t.note("all %d were handled %s after the last kill, %d of them more than once",
		events, time.Since(killed).Round(time.Millisecond), all.Runs()-all.Distinct())
}

func brokerRestart(t *probe, r *rig) {
	events := many(200)
	source, all := r.source(t), system.NewTally()
	source.publish(0, events) // nobody receives
	broker := r.broker()
	must.Do(t, broker.down())
	must.Do(t, broker.up(t.Context()))
	back := time.Now()
	r.startChild(t, firstReplica, source.run, 0, all)
	source.publish(events, 2*events)
	system.Within(t, patience, "every event is handled", func() error { return all.Missing(2 * events) })
	t.note("%d events, half of them from before, were handled %s after the broker was back",
		2*events, time.Since(back).Round(time.Millisecond))
}

func longOutage(t *probe, r *rig) {
	const away, events = 150 * time.Second, 100
	source, all := r.source(t), system.NewTally()
	r.startChild(t, firstReplica, source.run, 0, all)
	source.publish(0, events)
	system.Within(t, patience, "events flow", func() error { return all.Missing(events) })
	broker := r.broker()
	must.Do(t, broker.down())
	over, refusals := time.After(away), time.NewTicker(10*time.Second)
	defer refusals.Stop()
	for waiting := true; waiting; {
		select {
		case <-over:
			waiting = false
		case <-refusals.C:
			r.refuses(t, source)
		}
	}
	must.Do(t, broker.up(t.Context()))
	back := time.Now()
	source.publish(events, 2*events)
	system.Within(t, patience, "every event is handled", func() error { return all.Missing(2 * events) })
	t.note("all was handled %s after the broker was back", time.Since(back).Round(time.Millisecond))
}

// refuses expects that a publisher is told in time that the broker is away.
func (r *rig) refuses(t *probe, source source) {
	t.Helper()
	source.run += " refused" // a broker's client may send it later all the same
	started := time.Now()
	err := source.publisher.Publish(t.Context(), topic, source.event(-1))
	if took := time.Since(started); !errs.Is(err, errs.Unavailable) || took > 3*time.Second {
		t.Errorf("while the broker was away: after %s: %v, want unavailable within three seconds",
			took.Round(time.Millisecond), err)
	}
}
