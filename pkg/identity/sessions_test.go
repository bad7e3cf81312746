package identity_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/identity"
)

// registry is an auth service that knows one session, ada's, which can end, and that can be down.
type registry struct {
	takes time.Duration
	asked atomic.Int64

	mu      sync.Mutex
	err     error
	session identity.Session
}

func newRegistry() *registry {
	return &registry{session: identity.Session{AccountID: ada.ID, Roles: []identity.Role{identity.Learner}, Verified: true}}
}

// answer makes every question fail from now on, or succeed if err is nil.
func (r *registry) answer(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

func (r *registry) grant(roles ...identity.Role) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.session.Roles = roles
}

func (r *registry) verify(verified bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.session.Verified = verified
}

// ask decides as soon as it is asked, like a store that is read at once; the answer may arrive much later.
func (r *registry) ask(ctx context.Context, id string) (identity.Session, error) {
	r.asked.Add(1)
	r.mu.Lock()
	err, session := r.err, r.session
	r.mu.Unlock()
	select {
	case <-time.After(r.takes):
	case <-ctx.Done():
		return identity.Session{}, ctx.Err()
	}
	if err == nil && id != ada.SessionID {
		err = errEnded
	}
	if err != nil {
		return identity.Session{}, err
	}
	return session, nil
}

var (
	errEnded = errs.New(errs.NotFound, "there is no such session")
	errDown  = errs.New(errs.Unavailable, "auth does not answer")
)

// byHeart are the callers of these tests. Their tokens are valid; the tests are about their sessions.
var byHeart = webtest.Callers{
	"ada":     ada,
	"eve":     {ID: "a-6", SessionID: ada.SessionID}, // her token names another's session
	"unknown": {ID: ada.ID, SessionID: "s-9"},
}

// verifier returns a function that verifies ada's token by asking the registry.
func (r *registry) verifier(t *testing.T) (verify func() error) {
	verifier := identity.NewVerifier(byHeart, r.ask)
	return func() error {
		_, err := verifier.Verify(t.Context(), "ada")
		return err
	}
}

func TestSessionVerifier_asksOnceForAllCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		auth := newRegistry()
		auth.takes = time.Second
		verifier := identity.NewVerifier(byHeart, auth.ask)
		impatient, leave := context.WithTimeout(t.Context(), time.Millisecond)
		defer leave()
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := verifier.Verify(impatient, "ada"); !errs.Is(err, errs.Unavailable) {
				t.Errorf("a caller that does not wait: got %v, want unavailable", err)
			}
		})
		for range 50 {
			all.Go(func() {
				if _, err := verifier.Verify(t.Context(), "ada"); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := auth.asked.Load(); n != 1 {
			t.Errorf("%d questions, want 1", n)
		}
	})
}

func TestSessionVerifier_asksEveryFewSecondsWithoutWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		auth := newRegistry()
		verify, began := auth.verifier(t), time.Now()
		must.Do(t, verify())
		auth.takes = time.Second
		for time.Since(began) < time.Minute {
			time.Sleep(10 * time.Millisecond)
			if before := time.Now(); verify() != nil || time.Since(before) > 0 {
				t.Fatal("a call waited for auth, although the session is in use")
			}
		}
		if n := auth.asked.Load(); n > 31 {
			t.Errorf("%d questions in a minute", n)
		}
		time.Sleep(time.Second) // for the question that is on its way
	})
}

// At any moment and however slow auth is, a session is refused five seconds after its end.
func TestSessionVerifier_refusesEndedSessionsWithinFiveSeconds(t *testing.T) {
	for name, tt := range map[string]struct {
		after error
		takes time.Duration
		want  errs.Kind
	}{
		"auth says so":           {errEnded, 0, errs.Unauthenticated},
		"auth is slow to say so": {errEnded, 1900 * time.Millisecond, errs.Unauthenticated},
		"auth says nothing":      {errDown, 0, errs.Unavailable},
		"auth takes too long":    {errEnded, time.Hour, errs.Unavailable},
		"another error":          {errs.New(errs.Forbidden, "access policy"), 0, errs.Unavailable},
		"its answer is nonsense": {errors.New("unexpected end of JSON input"), 0, errs.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for known := time.Duration(0); known < 5*time.Second; known += 250 * time.Millisecond {
					auth := newRegistry()
					verify := auth.verifier(t)
					must.Do(t, verify())
					auth.takes = tt.takes
					time.Sleep(known)
					auth.answer(tt.after)
					time.Sleep(2400 * time.Millisecond)
					_ = verify() // early enough to start a question in the background
					time.Sleep(2600 * time.Millisecond)
					if err := verify(); !errs.Is(err, tt.want) {
						t.Errorf("known for %s: got %v, want %s", known, err, tt.want)
					}
				}
				time.Sleep(3 * time.Second) // for the questions that are on their way
			})
		})
	}
}

func TestSessionVerifier_bridgesAnOutageForAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		auth := newRegistry()
		verify := auth.verifier(t)
		auth.answer(errDown)
		if err := verify(); !errs.Is(err, errs.Unavailable) {
			t.Errorf("a session never seen: got %v, want unavailable", err)
		}
		auth.answer(nil)
		time.Sleep(time.Second)
		must.Do(t, verify())
		auth.answer(errDown)
		for range 4 {
			time.Sleep(time.Second)
			if err := verify(); err != nil {
				t.Errorf("a session seen a moment ago: %v", err)
			}
		}
		time.Sleep(time.Second)
		if err := verify(); !errs.Is(err, errs.Unavailable) {
			t.Errorf("a session seen five seconds ago: got %v, want unavailable", err)
		}
		auth.answer(nil)
		time.Sleep(time.Second)
		if err := verify(); err != nil {
			t.Errorf("auth is back: %v", err)
		}
	})
}

func TestSessionVerifier_doesNotFloodAuthInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		auth := newRegistry()
		verify := auth.verifier(t)
		must.Do(t, verify())
		auth.answer(errDown)
		auth.asked.Store(0)
		for range 1000 {
			time.Sleep(10 * time.Millisecond)
			_ = verify()
		}
		if n := auth.asked.Load(); n > 40 {
			t.Errorf("%d questions in ten seconds", n)
		}
	})
}

func TestSessionVerifier_takesTheRolesOfTheAccountNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		auth := newRegistry()
		verifier := identity.NewVerifier(byHeart, auth.ask)
		for _, roles := range [][]identity.Role{{identity.Learner, identity.Admin}, {identity.Learner}} {
			auth.grant(roles...)
			time.Sleep(5 * time.Second)
			caller, err := verifier.Verify(t.Context(), "ada")
			if err != nil || !slices.Equal(caller.Roles, roles) || caller.ID != ada.ID || caller.Email != ada.Email {
				t.Errorf("got %+v, %v; want the roles %v", caller, err, roles)
			}
		}
	})
}

func TestSessionVerifier_refusesSessionsOfOthers(t *testing.T) {
	verifier := identity.NewVerifier(byHeart, newRegistry().ask)
	for _, token := range []string{"eve", "unknown", "forged"} {
		if caller, err := verifier.Verify(t.Context(), token); !errs.Is(err, errs.Unauthenticated) || caller.ID != "" {
			t.Errorf("%s: got %+v, %v; want unauthenticated", token, caller, err)
		}
	}
}

// However old or late the answers of auth are, an account that has verified its address is not refused.
func TestProtect_acceptsAnAccountThatHasJustVerified(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		auth := newRegistry()
		auth.verify(false)
		server := webtest.New("Test", "", identity.NewVerifier(byHeart, auth.ask))
		huma.Register(server.API, huma.Operation{Method: "GET", Path: "/orders", Security: identity.Verified()}, greet)
		order := webtest.Request{Path: "/orders", Token: "ada"}
		server.Do(t, order).ExpectProblem(403, errs.Unverified, "")
		auth.takes = time.Second
		var before sync.WaitGroup
		before.Go(func() { server.Do(t, order).Expect(200) }) // its first question is answered before the verification
		synctest.Wait()
		auth.verify(true)
		server.Do(t, order).Expect(200)
		before.Wait()
	})
}
