package limit

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
)

// expect takes one request of the client "a" and checks the decision.
func expect(t *testing.T, limiter *Limiter, rates []Rate, want Decision) {
	t.Helper()
	if got := limiter.Take("a", rates...); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestLimiter_limitsAPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter, rates := New(), []Rate{{time.Minute, 3}}
		time.Sleep(15 * time.Second)
		for left := int64(2); left >= 0; left-- {
			expect(t, limiter, rates, Decision{true, 3, left, 45 * time.Second})
		}
		for range 2 {
			expect(t, limiter, rates, Decision{false, 3, 0, 45 * time.Second})
		}
		if got := limiter.Take("b", rates...); got.Remaining != 2 {
			t.Errorf("another client: got %+v", got)
		}
		time.Sleep(45*time.Second - time.Nanosecond)
		expect(t, limiter, rates, Decision{false, 3, 0, time.Nanosecond})
		time.Sleep(time.Nanosecond)
		expect(t, limiter, rates, Decision{true, 3, 2, time.Minute})
	})
}

func TestLimiter_reportsTheTightestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter, rates := New(), []Rate{{time.Second, 2}, {time.Minute, 3}, {time.Hour, 100}}
		expect(t, limiter, rates, Decision{true, 2, 1, time.Second})
		limiter.Take("a", rates...)
		expect(t, limiter, rates, Decision{false, 2, 0, time.Second})
		time.Sleep(time.Second)
		expect(t, limiter, rates, Decision{true, 3, 0, 59 * time.Second}) // what was refused does not count
		expect(t, limiter, rates, Decision{false, 3, 0, 59 * time.Second})
	})
}

func TestLimiter_givesBackWhatWasTaken(t *testing.T) {
	limiter, rate := New(), Rate{time.Hour, 1}
	for range 3 {
		if !limiter.Take("a", rate).Allowed {
			t.Fatal("what was given back still counts")
		}
		limiter.GiveBack("a", rate)
	}
	limiter.GiveBack("a", rate)
	limiter.Take("a", rate)
	if limiter.Take("a", rate).Allowed {
		t.Error("a client that gives back more than it took gets more")
	}
}

func TestLimiter_allowsNoMoreToManyAtOnce(t *testing.T) {
	limiter, rate := New(), Rate{time.Hour, 100}
	var mu sync.Mutex
	var all sync.WaitGroup
	allowed := 0
	for range 400 {
		all.Go(func() {
			if limiter.Take("a", rate).Allowed {
				mu.Lock()
				defer mu.Unlock()
				allowed++
			}
		})
	}
	all.Wait()
	if allowed != 100 {
		t.Errorf("%d were allowed, want 100", allowed)
	}
}

// A flood from very many addresses hardly changes the count of an honest client.
func TestLimiter_withstandsAFloodOfClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter, rate := New(), Rate{time.Hour, 6000}
		for range 1000 {
			limiter.Take("honest", rate)
		}
		const flood = 200_000
		for n := range flood {
			limiter.Take(fmt.Sprintf("2001:db8:%x:%x::/64", n>>16, n&0xffff), rate)
		}
		const noise = 2 * flood / cells
		if got := limiter.Take("honest", rate); got.Remaining > 4999 || got.Remaining < 4999-noise {
			t.Errorf("got %+v", got)
		}
		if got := limiter.Take("newcomer", rate); got.Remaining < 5999-noise {
			t.Errorf("a newcomer: got %+v", got)
		}
	})
}

func TestDecision_tellsTheClient(t *testing.T) {
	headers := http.Header{}
	decision := Decision{Allowed: false, Limit: 60, Remaining: 0, Reset: 1500 * time.Millisecond}
	decision.Headers(headers)
	for name, want := range map[string]string{"Ratelimit-Limit": "60", "Ratelimit-Remaining": "0", "Ratelimit-Reset": "2"} {
		if got := headers[name]; len(got) != 1 || got[0] != want {
			t.Errorf("%s: got %v, want %s", name, got, want)
		}
	}
	err := decision.Err("too many")
	if !errs.Is(err, errs.RateLimited) || errs.From(err).RetryAfter != decision.Reset {
		t.Errorf("got %v", err)
	}
	headers = http.Header{}
	if unlimited := New().Take("a"); unlimited.Err("") != nil {
		t.Error("without a rate nothing is refused")
	} else if unlimited.Headers(headers); len(headers) != 0 {
		t.Errorf("without a rate there is nothing to tell: %v", headers)
	}
}

func TestTighter_refusalsComeFirst(t *testing.T) {
	none := Unlimited()
	wide, narrow := Decision{true, 10, 9, 1}, Decision{true, 5, 1, 1}
	soon, late := Decision{false, 10, 0, 1}, Decision{false, 5, 0, 2}
	for _, tt := range [][3]Decision{
		{none, wide, wide}, {wide, narrow, narrow}, {narrow, soon, soon}, {soon, late, late}, {wide, late, late}, {none, none, none},
	} {
		if got := Tighter(tt[0], tt[1]); got != tt[2] {
			t.Errorf("%+v and %+v: got %+v", tt[0], tt[1], got)
		}
		if got := Tighter(tt[1], tt[0]); got != tt[2] {
			t.Errorf("%+v and %+v, turned: got %+v", tt[0], tt[1], got)
		}
	}
}

func BenchmarkTake(b *testing.B) {
	limiter, rate := New(), Rate{time.Minute, 1 << 40}
	for b.Loop() {
		limiter.Take("203.0.113.7", rate)
	}
}
