package domain_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/services/web/internal/domain"
)

func TestSessions_refreshOnceForManyTabs(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		time.Sleep(tokenTTL)
		w.auth.slow = 300 * time.Millisecond
		var tabs sync.WaitGroup
		for range 20 {
			tabs.Go(func() {
				if got := w.resume(t, w.first); got.Token != "access 2" || got.Reference == nil || got.Reference.Generation != 2 {
					t.Errorf("got %+v", got)
				}
			})
		}
		tabs.Wait()
		if w.auth.refreshed != 1 {
			t.Errorf("%d refreshes", w.auth.refreshed)
		}
	})
}

func TestSessions_outliveRequestsThatAreGivenUp(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		time.Sleep(tokenTTL)
		w.auth.slow = 300 * time.Millisecond
		failures := 3
		w.states.Before = func(call, _ string) error {
			if call == "save" && failures > 0 {
				failures--
				return errs.New(errs.Unavailable, "down")
			}
			return nil
		}
		given, giveUp := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer giveUp()
		_, _ = w.Resume(given, w.first) // nobody reads what it returns
		time.Sleep(time.Second)
		if got := w.resume(t, w.first); got.Token != "access 2" || w.auth.refreshed != 1 {
			t.Errorf("got %+v after %d refreshes", got, w.auth.refreshed)
		}
	})
}

func TestSessions_endWhenACopyOfTheCookieIsUsed(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		time.Sleep(tokenTTL)
		next := *w.resume(t, w.first).Reference
		time.Sleep(10 * time.Minute) // the answer was lost
		again := w.resume(t, w.first)
		if again.Reference == nil || again.Reference.Generation != next.Generation {
			t.Errorf("a lost answer: got %+v", again)
		}
		w.resume(t, next)
		time.Sleep(50 * time.Second)
		if got := w.resume(t, w.first); !got.SignedIn() {
			t.Error("another tab was signed out")
		}
		time.Sleep(11 * time.Second)
		if got := w.resume(t, w.first); got.SignedIn() || !got.Ended {
			t.Errorf("a copy: got %+v", got)
		}
		if got := w.resume(t, next); got.SignedIn() || len(w.auth.signedOut) != 1 {
			t.Errorf("the session goes on: %+v, %v", got, w.auth.signedOut)
		}
	})
}

func TestSessions_waitForAnotherProcess(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		time.Sleep(tokenTTL)
		w.auth.grant() // another process has exchanged the token, and has died
		began := time.Now()
		if got := w.resume(t, w.first); !got.SignedIn() || got.Ended || got.Token != "" {
			t.Errorf("got %+v", got)
		}
		if took := time.Since(began); took < 5*time.Second || took > 7*time.Second {
			t.Errorf("waited for %s", took)
		}
		given, giveUp := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer giveUp()
		if got, err := w.Resume(given, w.first); err != nil || got.Ended {
			t.Errorf("given up: got %+v, %v", got, err)
		}
		w.auth.ended = true
		if got := w.resume(t, w.first); got.SignedIn() || !got.Ended {
			t.Errorf("once auth has ended it: got %+v", got)
		}
	})
}

func TestSessions_areRefreshedByOneOfTwoProcesses(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		time.Sleep(tokenTTL)
		w.auth.slow = 4 * time.Second
		other := domain.NewSessions(w.store, w.auth)
		var tabs sync.WaitGroup
		for _, process := range []*domain.Sessions{w.Sessions, other} {
			tabs.Go(func() {
				if got := must.Get(process.Resume(t.Context(), w.first))(t); got.Token != "access 2" {
					t.Errorf("got %+v", got)
				}
			})
		}
		tabs.Wait()
	})
}

func TestSessions_outliveASigningKey(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.auth.withdrawn = "access 1"
		w.auth.down = true
		if got := w.resume(t, w.first); !got.SignedIn() || got.Token != "" {
			t.Errorf("while auth is down: got %+v", got)
		}
		w.auth.down = false
		if got := w.resume(t, w.first); got.Token != "access 2" || got.Reference == nil {
			t.Errorf("got %+v", got)
		}
	})
}

func TestSessions_outliveACrashOfTheBrowser(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		time.Sleep(tokenTTL)
		next := *w.resume(t, w.first).Reference
		time.Sleep(30 * time.Second)
		w.resume(t, next)
		time.Sleep(5 * time.Minute) // it is started again
		if got := w.resume(t, w.first); !got.SignedIn() || got.Reference == nil || got.Reference.Generation != next.Generation {
			t.Errorf("got %+v", got)
		}
	})
}
