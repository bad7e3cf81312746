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
	withdrawn string        // an access token that is refused
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

func (a *auth) Check(_ context.Context, token string) (domain.Person, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case token == a.withdrawn:
		return domain.Person{}, errs.New(errs.Unauthenticated, "the token names a key that is not published")
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
	store  domain.SessionStore
	first  domain.Reference
}

// inWorld calls a test, where time passes only when all wait.

func inWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		states, side := sidecartest.New()
		w := &world{auth: &auth{}, states: states, store: repositories.NewSessions(side)}
		w.Sessions = domain.NewSessions(w.store, w.auth)
		w.first = must.Get(w.Open(t.Context(), w.auth.grant()))(t)
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

// Who clicks on before a page is there takes the request away that has just exchanged the tokens.

// A reference that was replaced is good until the browser has sent the next one, and a minute more.

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

// Another process has the tokens, and stores them late or never. Only auth ends a session.

// The broker is slow, so auth answers late: the two processes give both tabs the same tokens.

// A key that signs tokens was withdrawn: auth still knows who is signed in.

// A browser that crashes has lost the cookies that it had not written to its disk yet.

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
