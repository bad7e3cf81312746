package share

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

type breaker struct {
	open   bool
	waited atomic.Int64
}

func (b *breaker) Closed() bool         { return !b.open }
func (b *breaker) Waited(time.Duration) { b.waited.Add(1) }

// askTogether lets this many callers ask for one key, and returns how often the app was asked and how many asked it.
func askTogether(t *testing.T, app Breaker, callers int, outcome error) (asked, askers int64) {
	t.Helper()
	var questions, leaders atomic.Int64
	synctest.Test(t, func(t *testing.T) {
		var q Questions
		var all sync.WaitGroup
		for range callers {
			all.Go(func() {
				_, leads, err := q.Ask(t.Context(), app, "key", func() (any, error) {
					questions.Add(1)
					time.Sleep(time.Second)
					return "answer", outcome
				})
				if leads {
					leaders.Add(1)
				}
				if !errors.Is(err, outcome) {
					t.Errorf("got %v", err)
				}
			})
		}
		all.Wait()
	})
	return questions.Load(), leaders.Load()
}

func TestAsk_countsThoseWhoWaitInVain(t *testing.T) {
	for outcome, want := range map[error]int64{nil: 0, errors.New("no answer"): 9} {
		app := &breaker{}
		if asked, askers := askTogether(t, app, 10, outcome); asked != 1 || askers != 1 || app.waited.Load() != want {
			t.Errorf("%v: asked %d times by %d, counted %d, want %d", outcome, asked, askers, app.waited.Load(), want)
		}
	}
}

func TestAsk_isAloneWhileTheBreakerIsOpen(t *testing.T) {
	if asked, askers := askTogether(t, &breaker{open: true}, 10, nil); asked != 10 || askers != 10 {
		t.Errorf("asked %d times by %d", asked, askers)
	}
	if asked, _ := askTogether(t, nil, 10, nil); asked != 1 {
		t.Errorf("without a breaker: asked %d times", asked)
	}
}

func TestAsk_endsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		began := time.Now()
		_, _, err := new(Questions).Ask(ctx, nil, "key", func() (any, error) { time.Sleep(time.Minute); return nil, nil })
		if took := time.Since(began); took != time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v after %s", err, took)
		}
		time.Sleep(time.Minute) // in the time of this test: the question ends
	})
}
