package domain

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// Refusal counts requests that one operation refused with one status, of one network or for one account.
type Refusal struct {
	Operation string    `json:"operation"`
	Status    int       `json:"status"`
	Of        string    `json:"of"` // the network or the id of the account
	Count     int       `json:"count"`
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
}

// maxRefusals limits Tally.Items.
const maxRefusals = 200

// Tally has the largest counts. Its size is bounded, however many requests are refused.
type Tally struct {
	Items []Refusal `json:"items"`
	// Others counts the requests of those that gave way, because their counts were the smallest.
	Others int `json:"others"`
}

// add counts refused requests. If there are too many refusals, the one with the smallest count gives way.
func (t *Tally) add(more Refusal) {
	least := 0
	for i, known := range t.Items {
		if known.Operation == more.Operation && known.Status == more.Status && known.Of == more.Of {
			t.Items[i].Count += more.Count
			if more.First.Before(known.First) {
				t.Items[i].First = more.First
			}
			if more.Last.After(known.Last) {
				t.Items[i].Last = more.Last
			}
			return
		}
		if fewer(known, t.Items[least]) < 0 {
			least = i
		}
	}
	if len(t.Items) < maxRefusals {
		t.Items = append(t.Items, more)
		return
	}
	t.Others += t.Items[least].Count
	t.Items[least] = more
}

// fewer orders refusals by count, and those of the same count by age.
func fewer(a, b Refusal) int { return cmp.Or(cmp.Compare(a.Count, b.Count), a.Last.Compare(b.Last)) }

// addAll counts what another tally has counted.
func (t *Tally) addAll(other Tally) {
	for _, one := range other.Items {
		t.add(one)
	}
	t.Others += other.Others
}

// Refusals are the refusals of one day, by network and by account.
type Refusals struct {
	Networks Tally `json:"networks"`
	Accounts Tally `json:"accounts"`
}

func (r *Refusals) addAll(other Refusals) {
	r.Networks.addAll(other.Networks)
	r.Accounts.addAll(other.Accounts)
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

// NoteNetwork counts a refused request of a network.
func (l *RefusalLog) NoteNetwork(operation string, status int, network string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting.Networks.add(newRefusal(operation, status, network))
}

// NoteAccount counts a refused request for an account, from any network.
func (l *RefusalLog) NoteAccount(operation string, status int, accountID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting.Accounts.add(newRefusal(operation, status, accountID))
}

func newRefusal(operation string, status int, of string) Refusal {
	now := time.Now().UTC()
	return Refusal{Operation: operation, Status: status, Of: of, Count: 1, First: now, Last: now}
}

// Write stores what was counted. If that fails, the next call tries again.
func (l *RefusalLog) Write(ctx context.Context) {
	l.mu.Lock()
	counted := l.waiting
	l.waiting = Refusals{}
	l.mu.Unlock()
	if len(counted.Networks.Items)+len(counted.Accounts.Items) == 0 {
		return
	}
	_, err := l.store.Upsert(ctx, Today(), func(stored *Refusals) error {
		stored.addAll(counted)
		return nil
	})
	if err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.waiting.addAll(counted)
	}
}

// Today is the day under which refusals are counted now, in UTC.
func Today() string { return time.Now().UTC().Format(time.DateOnly) }

// Day returns the refusals of a day, those with the largest counts first.
func (l *RefusalLog) Day(ctx context.Context, day string) (Refusals, error) {
	refusals, err := l.store.Day(ctx, day)
	for _, tally := range []Tally{refusals.Networks, refusals.Accounts} {
		slices.SortFunc(tally.Items, func(a, b Refusal) int { return fewer(b, a) })
	}
	return refusals, err
}
