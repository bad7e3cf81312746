package domain_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/repositories"
)

// tokenTTL is how long the access tokens of the double are valid.
const tokenTTL = 15 * time.Minute

// auth stands in for auth: it gives tokens, each refresh token for one use.
type auth struct {
	mu        sync.Mutex
	given     int
	refreshed int
	signedOut []string
	down      bool
	ended     bool
	slow      time.Duration // of each refresh
	roles     []string
}

func (a *auth) grant() domain.Grant {
	a.given++
	return domain.Grant{
		Person: domain.Person{ID: "ada", Name: "Ada", Roles: []string{"LEARNER"}}, AccessToken: fmt.Sprint("access ", a.given),
		RefreshToken: fmt.Sprint("refresh ", a.given), ExpiresAt: time.Now().Add(tokenTTL),
	}
}

func (a *auth) Refresh(ctx context.Context, token string) (domain.Grant, error) {
	next, err := a.exchange(token)
	select {
	case <-time.After(a.slow):
		return next, err
	case <-ctx.Done():
		return domain.Grant{}, ctx.Err()
	}
}

func (a *auth) exchange(token string) (domain.Grant, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.down:
		return domain.Grant{}, errs.New(errs.Unavailable, "auth does not answer")
	case a.ended:
		return domain.Grant{}, errs.New(errs.Unauthenticated, "the refresh token is not valid")
	case token != fmt.Sprint("refresh ", a.given):
		return domain.Grant{}, errs.New(errs.Conflict, "this refresh token was used a moment ago")
	}
	a.refreshed++
	return a.grant(), nil
}

func (a *auth) Check(_ context.Context, _ string) (domain.Person, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.down:
		return domain.Person{}, errs.New(errs.Unavailable, "auth does not answer")
	case a.ended:
		return domain.Person{}, errs.New(errs.Unauthenticated, "the session has ended")
	}
	return domain.Person{ID: "ada", Roles: a.roles, Verified: true}, nil
}

func (a *auth) SignOut(_ context.Context, token string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.signedOut = append(a.signedOut, token)
	return nil
}

// world is sessions on a store in memory, and one that is open.
type world struct {
	*domain.Sessions
	auth   *auth
	states *sidecartest.States
	first  domain.Reference
}

// inWorld calls a test, where time passes only when all wait.
func inWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		states, side := sidecartest.New()
		w := &world{auth: &auth{}, states: states}
		w.Sessions = domain.NewSessions(repositories.NewSessions(side), w.auth)
		w.first = must.Get(w.Open(t.Context(), w.auth.grant(), nil))(t)
		test(t, w)
	})
}

func (w *world) resume(t *testing.T, sent domain.Reference) domain.Visitor {
	t.Helper()
	return must.Get(w.Resume(t.Context(), sent))(t)
}

func TestSessions_keepTokensFromStoreAndBrowser(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		visitor := w.resume(t, w.first)
		if visitor.Person.Name != "Ada" || visitor.Token != "access 1" || visitor.Reference != nil || !visitor.Person.Verified {
			t.Errorf("got %+v", visitor)
		}
		stored := w.states.Value("web-store", "session:"+w.first.SessionID)
		if stored == "" || strings.Contains(stored, "access") || strings.Contains(stored, "Ada") {
			t.Errorf("the store has %s", stored)
		}
		for name, forged := range map[string]domain.Reference{
			"another key":     {SessionID: w.first.SessionID, Key: make([]byte, 32), Generation: 1},
			"no key":          {SessionID: w.first.SessionID, Generation: 1},
			"another session": {SessionID: "00000000-0000-7000-8000-000000000000", Key: w.first.Key, Generation: 1},
			"no session":      {Key: w.first.Key, Generation: 1},
		} {
			if got := w.resume(t, forged); got.SignedIn() || !got.Ended {
				t.Errorf("%s: got %+v", name, got)
			}
		}
	})
}

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

// Who clicks on before a page is there takes the request away that has just exchanged the tokens.
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

// A reference that was replaced is good until the browser has sent the next one, and a minute more.
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

func TestSessions_endWhereTheyWereEndedElsewhere(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.auth.ended = true
		if got := w.resume(t, w.first); got.SignedIn() || !got.Ended {
			t.Errorf("got %+v", got)
		}
		w.auth.ended = false
		if got := w.resume(t, w.first); got.SignedIn() {
			t.Error("it came back")
		}
	})
}

func TestSessions_goOnWhileAuthIsDown(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.auth.down = true
		if got := w.resume(t, w.first); got.Token != "access 1" || got.Person.Name != "Ada" {
			t.Errorf("got %+v", got)
		}
		time.Sleep(tokenTTL + time.Second)
		if got := w.resume(t, w.first); got.Token != "" || !got.SignedIn() || got.Ended {
			t.Errorf("without a token: got %+v", got)
		}
		w.auth.down = false
		if got := w.resume(t, w.first); got.Token != "access 2" {
			t.Errorf("afterwards: got %+v", got)
		}
	})
}

// Another process has the tokens, and stores them late or never.
func TestSessions_waitForAnotherProcess(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		time.Sleep(tokenTTL)
		w.auth.grant() // another process has exchanged the token, and has died
		began := time.Now()
		if got := w.resume(t, w.first); got.SignedIn() || !got.Ended {
			t.Errorf("got %+v", got)
		}
		if took := time.Since(began); took < 5*time.Second || took > 7*time.Second {
			t.Errorf("waited for %s", took)
		}
	})
}

func TestSessions_showTheRolesOfNow(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.auth.roles = []string{domain.Staff}
		if got := w.resume(t, w.first); !got.Person.Has(domain.Staff, domain.Admin) || got.Person.Has(domain.Editor) {
			t.Errorf("got %+v", got.Person)
		}
		must.Do(t, w.Remember(t.Context(), w.first, func(p *domain.Person) { p.Name = "Ada L." }))
		if got := w.resume(t, w.first); got.Person.Name != "Ada L." {
			t.Errorf("got %+v", got.Person)
		}
	})
}

func TestSessions_endAtSignOut(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		must.Do(t, w.End(t.Context(), w.first, "access 1"))
		if got := w.resume(t, w.first); got.SignedIn() || len(w.auth.signedOut) != 1 {
			t.Errorf("got %+v, %v", got, w.auth.signedOut)
		}
		second := must.Get(w.Open(t.Context(), w.auth.grant(), nil))(t)
		third := must.Get(w.Open(t.Context(), w.auth.grant(), &second))(t)
		if w.resume(t, second).SignedIn() || !w.resume(t, third).SignedIn() {
			t.Error("a sign-in replaces the session of the browser")
		}
	})
}

func TestSessions_sayThatTheStoreIsDown(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.states.Before = func(string, string) error { return errs.New(errs.Unavailable, "down") }
		if got, err := w.Resume(t.Context(), w.first); !errs.Is(err, errs.Unavailable) || got.Ended {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestSealer_opensWhatItSealed(t *testing.T) {
	old, later := strings.Repeat("A", 43), strings.Repeat("B", 42)+"A"
	before := must.Get(domain.NewSealer(old))(t)
	after := must.Get(domain.NewSealer(later + " " + old))(t)
	sealed := before.Seal("session", []byte("secret"))
	if plain, ok := after.Open("session", sealed); !ok || string(plain) != "secret" {
		t.Errorf("got %q, %v", plain, ok)
	}
	for name, text := range map[string]string{"nothing": "", "noise": "abc", "changed": "A" + sealed[1:], "not base64": "%%", "by a later key": after.Seal("session", nil)} {
		if plain, ok := before.Open("session", text); ok && text != sealed {
			t.Errorf("%s: got %q", name, plain)
		}
	}
	if _, ok := after.Open("cart", sealed); ok {
		t.Error("it was opened for another purpose")
	}
	for _, keys := range []string{"", "short", old + " short", strings.Repeat("A", 44)} {
		if _, err := domain.NewSealer(keys); err == nil {
			t.Errorf("the keys %q were taken", keys)
		}
	}
}
