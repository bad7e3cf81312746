package conformance

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"stoa/pkg/common/must"
	"stoa/pkg/messaging"
)

func busSpeed(t *probe, r *rig) {
	source := r.source(t)
	handled := make(chan int, 1000)
	r.receive(t, on(func(_ context.Context, _ messaging.Event, data payload) error {
		if data.Run == source.run {
			handled <- data.N
		}
		return nil
	}))
	var taken, through []time.Duration
	for n := range 100 {
		started := time.Now()
		must.Do(t, source.insist(n))
		taken = append(taken, time.Since(started))
		select {
		case <-handled:
		case <-time.After(patience):
			t.Fatalf("event %d was not handled for %s", n, patience)
		}
		through = append(through, time.Since(started))
	}
	t.note("median of 100: taken by the broker after %s, handled after %s", median(taken), median(through))
}

func storeSpeed(t *probe, r *rig) {
	notes := r.documents(t, "speed")
	ctx := context.WithoutCancel(t.Context())
	calls := []struct {
		name string
		call func(id string) error
	}{
		{"create", func(id string) error { return notes.Create(ctx, id, note{Text: id}, 0) }},
		{"read", func(id string) error { _, err := notes.Get(ctx, id); return err }},
		{"change", func(id string) error {
			_, err := notes.Update(ctx, id, func(n *note) error { n.N++; return nil })
			return err
		}},
	}
	var medians []string
	for _, c := range calls {
		var times []time.Duration
		for n := range 200 {
			started := time.Now()
			if err := c.call(fmt.Sprint(n)); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			times = append(times, time.Since(started))
		}
		medians = append(medians, fmt.Sprintf("%s %s", c.name, median(times)))
	}
	t.note("median of 200: %s", strings.Join(medians, ", "))
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2].Round(10 * time.Microsecond)
}
