// Package limit counts requests, so that one client cannot use up what all clients share. The built-in gateway and the
// plugin for Kong share it.
//
// Counting is by the clock, as Kong does it: a period begins at the full second, minute or hour. Around that moment a
// client may send up to twice the limit.
package limit

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"stoa/pkg/common/errs"
)

// Rate is how many requests one client may send in a period.
type Rate struct {
	Period time.Duration
	Max    int64
}

// Limiter counts requests of any number of clients in memory of a fixed size. It is safe for concurrent use.
type Limiter struct {
	mu       sync.Mutex
	byPeriod map[time.Duration]*sketch
}

// New returns a limiter that has counted nothing.
func New() *Limiter { return &Limiter{byPeriod: map[time.Duration]*sketch{}} }

// Take counts a request of a client unless a rate is used up, and returns the decision of the tightest rate.
func (l *Limiter) Take(client string, rates ...Rate) Decision {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	tightest := Unlimited()
	for _, rate := range rates {
		tightest = Tighter(tightest, standing(rate, l.counts(rate.Period, now).count(client), now))
	}
	if !tightest.Allowed || len(rates) == 0 {
		return tightest
	}
	for _, rate := range rates {
		l.counts(rate.Period, now).add(client, 1)
	}
	tightest.Remaining--
	return tightest
}

// GiveBack takes back what Take counted, for a request that turned out not to count.
func (l *Limiter) GiveBack(client string, rates ...Rate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for _, rate := range rates {
		l.counts(rate.Period, now).add(client, -1)
	}
}

// counts returns the counters of the current period.
func (l *Limiter) counts(period time.Duration, now time.Time) *sketch {
	s := l.byPeriod[period]
	if s == nil {
		s = newSketch()
		l.byPeriod[period] = s
	}
	if start := now.Truncate(period); !s.start.Equal(start) {
		s.reset(start)
	}
	return s
}

// standing is where a client stands that has sent so many requests before this one.
func standing(rate Rate, sent int64, now time.Time) Decision {
	return Decision{
		Allowed: sent < rate.Max, Limit: rate.Max, Remaining: max(rate.Max-sent, 0),
		Reset: now.Truncate(rate.Period).Add(rate.Period).Sub(now),
	}
}

// Decision says whether a request is within its limits, and where its client stands.
type Decision struct {
	Allowed bool
	// Limit is the most requests in the period, or -1 when nothing limits them.
	Limit int64
	// Remaining is how many more may come in this period.
	Remaining int64
	// Reset is how long this period still takes.
	Reset time.Duration
}

// Unlimited is the decision where there is no limit.
func Unlimited() Decision { return Decision{Allowed: true, Limit: -1, Remaining: math.MaxInt64} }

// Tighter returns the decision that leaves the client less: a refusal, and of two refusals the longer one, goes first.
func Tighter(a, b Decision) Decision {
	if b.wait() > a.wait() || b.wait() == a.wait() && b.Remaining < a.Remaining {
		return b
	}
	return a
}

// wait is how long the client is refused.
func (d Decision) wait() time.Duration {
	if d.Allowed {
		return 0
	}
	return d.Reset
}

// Headers tells the client where it stands; the seconds are rounded up, so that a client that waits for them is not too
// early.
func (d Decision) Headers(h http.Header) {
	if d.Limit < 0 {
		return
	}
	h.Set("RateLimit-Limit", strconv.FormatInt(d.Limit, 10))
	h.Set("RateLimit-Remaining", strconv.FormatInt(d.Remaining, 10))
	h.Set("RateLimit-Reset", strconv.Itoa(int((d.Reset+time.Second-1)/time.Second)))
}

// Err returns nil for a request within its limits, and errs.RateLimited, with this message, for one beyond.
func (d Decision) Err(message string) error {
	if d.Allowed {
		return nil
	}
	err := errs.New(errs.RateLimited, "%s", message)
	err.RetryAfter = d.Reset
	return err
}
