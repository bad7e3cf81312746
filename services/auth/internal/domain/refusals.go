package domain

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// Refusal counts the requests of one network that one operation refused with one status.
type Refusal struct {
	Operation string    `json:"operation"`
	Status    int       `json:"status"`
	Network   string    `json:"network"`
	Count     int       `json:"count"`
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
}

// maxRefusals is how many refusals are counted apart on one day.
const maxRefusals = 200

// Refusals are the refusals of one day. Their size is bounded, however many requests are refused.
type Refusals struct {
	Items []Refusal `json:"items"`
	// Others counts the requests of those that gave way, because their counts were the smallest.
	Others int `json:"others"`
}

// add counts refused requests. If there are too many refusals, the one with the smallest count gives way.
func (r *Refusals) add(more Refusal) {
	for i, known := range r.Items {
		if known.Operation == more.Operation && known.Status == more.Status && known.Network == more.Network {
			r.Items[i].Count += more.Count
			r.Items[i].Last = more.Last
			return
		}
	}
	if len(r.Items) < maxRefusals {
		r.Items = append(r.Items, more)
		return
	}
	least := 0
	for i := range r.Items {
		if fewer(r.Items[i], r.Items[least]) < 0 {
			least = i
		}
	}
	r.Others += r.Items[least].Count
	r.Items[least] = more
}

// fewer orders refusals by count, and those of the same count by age.
func fewer(a, b Refusal) int { return cmp.Or(cmp.Compare(a.Count, b.Count), a.Last.Compare(b.Last)) }

// addAll counts what others has counted.
func (r *Refusals) addAll(others Refusals) {
	for _, one := range others.Items {
		r.add(one)
	}
	r.Others += others.Others
}

// RefusalStore stores the refusals of each day, for AuditTTL.
type RefusalStore interface {
	// Upsert changes the refusals of a day by a pure function, which may run several times. It creates missing ones.
	Upsert(ctx context.Context, day string, change func(*Refusals) error) (Refusals, error)
	// Day returns the refusals of a day; there may be none.
	Day(ctx context.Context, day string) (Refusals, error)
}

// RefusalPause is how long refusals wait for Write. They are counted in memory, so that a flood causes few writes.
const RefusalPause = 5 * time.Second

// RefusalLog counts refused requests.
type RefusalLog struct {
	store   RefusalStore
	mu      sync.Mutex
	waiting Refusals
}

// NewRefusalLog returns a log that writes to a store.
func NewRefusalLog(store RefusalStore) *RefusalLog { return &RefusalLog{store: store} }

// Note counts a refused request.
func (l *RefusalLog) Note(operation string, status int, network string) {
	now := time.Now().UTC()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting.add(Refusal{Operation: operation, Status: status, Network: network, Count: 1, First: now, Last: now})
}

// Write stores what was counted. If that fails, the next call tries again.
func (l *RefusalLog) Write(ctx context.Context) {
	counted := l.swap(Refusals{})
	if len(counted.Items) == 0 {
		return
	}
	_, err := l.store.Upsert(ctx, Today(), func(stored *Refusals) error {
		stored.addAll(counted)
		return nil
	})
	if err != nil {
		counted.addAll(l.swap(Refusals{}))
		l.swap(counted)
	}
}

// swap replaces what waits, and returns it.
func (l *RefusalLog) swap(by Refusals) Refusals {
	l.mu.Lock()
	defer l.mu.Unlock()
	waiting := l.waiting
	l.waiting = by
	return waiting
}

// Today is the day under which refusals are counted now, in UTC.
func Today() string { return time.Now().UTC().Format(time.DateOnly) }

// Day returns the refusals of a day, those with the largest counts first.
func (l *RefusalLog) Day(ctx context.Context, day string) (Refusals, error) {
	refusals, err := l.store.Day(ctx, day)
	slices.SortFunc(refusals.Items, func(a, b Refusal) int { return fewer(b, a) })
	return refusals, err
}
