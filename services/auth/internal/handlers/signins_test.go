package handlers_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/services/auth/internal/domain"
)

// A sign-up that fails at any step is finished by the same request again.
func TestSignUp_isFinishedByARepeatedRequest(t *testing.T) {
	down := errors.New("down")
	for name, broken := range map[string]func(s *service){
		"the broker is down":               func(s *service) { s.bus.Before = func(string) error { return down } },
		"the answer of the broker is lost": func(s *service) { s.bus.After = func(string) error { return down } },
		"the session is not stored": func(s *service) {
			s.states.Before = func(operation, key string) error {
				if operation == "save" && strings.HasPrefix(key, "session") {
					return down
				}
				return nil
			}
		},
		"the account is not stored": func(s *service) {
			s.states.Before = func(operation, key string) error {
				if operation == "save" && strings.HasPrefix(key, "account:") {
					return down
				}
				return nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			broken(&s)
			refused(t, s.ask(t, http.MethodPost, "/signup/basic", adaSignsUp), errs.Unavailable, "")
			s.bus.Before, s.bus.After, s.states.Before = nil, nil, nil
			if len(s.states.Keys("auth-store", "account:")) > 0 {
				refused(t, s.ask(t, http.MethodPost, "/signup/basic", signUpBody("ada@example.org", "another one", "Eve")), errs.Conflict, "email")
			}
			up := webtest.Read[grant](s.ask(t, http.MethodPost, "/signup/basic", adaSignsUp), http.StatusCreated)
			if !s.active(t, up) {
				t.Error("the session has ended")
			}
			refused(t, s.ask(t, http.MethodPost, "/signup/basic", adaSignsUp), errs.Conflict, "email")
			events := s.bus.Events()
			if len(events) == 0 || len(events) > 2 || events[0].ID != events[len(events)-1].ID {
				t.Errorf("published: %+v", events)
			}
		})
	}
}

// wrongGuesses sends many at once from one address, and counts those that were allowed.
func (s service) wrongGuesses(t *testing.T, email string, n int, header string) (allowed int) {
	t.Helper()
	answers := webtest.Together(n, func(int) *webtest.Answer { return s.signIn(t, email, "wrong horse", header) })
	for _, answer := range answers {
		if answer.Code == http.StatusUnauthorized {
			allowed++
		}
	}
	return allowed
}

// In a bubble, hashing takes no time: the second between two attempts does not pass meanwhile.
func TestGuessing_isSlowAndDoesNotLockOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		const home, elsewhere = "X-Forwarded-For: 192.0.2.7", "X-Forwarded-For: 192.0.2.7, 198.51.100.1"
		webtest.Read[grant](s.ask(t, http.MethodPost, "/signup/basic", adaSignsUp, home), http.StatusCreated)
		for _, email := range []string{"ada@example.org", "nobody@example.org"} {
			if got := s.wrongGuesses(t, email, 20, elsewhere); got != 10 {
				t.Errorf("%d guesses for %s were allowed, want 10", got, email)
			}
		}
		known, unknown := s.signIn(t, "ada@example.org", "correct horse", elsewhere), s.signIn(t, "nobody@example.org", "x", elsewhere)
		for _, answer := range []*webtest.Answer{known, unknown} {
			refused(t, answer, errs.RateLimited, "")
			if answer.Header().Get("Retry-After") != "1" {
				t.Errorf("Retry-After is %q", answer.Header().Get("Retry-After"))
			}
		}
		if known.Body.String() != unknown.Body.String() {
			t.Errorf("with an account: %s; without: %s", known.Body, unknown.Body)
		}
		webtest.Read[grant](s.signIn(t, "ada@example.org", "correct horse", home), http.StatusOK)
	})
}

func TestGuessing_includesTheCurrentPassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		up := s.signUp(t, "ada@example.org")
		for range 10 {
			refused(t, s.ask(t, http.MethodPut, "/password", `{"current": "wrong horse", "new": "battery staple"}`, as(up)), errs.Invalid, "current")
		}
		refused(t, s.ask(t, http.MethodPut, "/password", `{"current": "correct horse", "new": "battery staple"}`, as(up)), errs.RateLimited, "")
		refused(t, s.signIn(t, "ada@example.org", "correct horse"), errs.RateLimited, "")
	})
}

func TestSignIn_replacesAnOldHash(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "ada@example.org")
	const old = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4" // of "password"
	must.Get(s.store.Update(t.Context(), up.User.ID, func(a *domain.Account) error { a.PasswordHash = old; return nil }))(t)
	for range 2 {
		webtest.Read[grant](s.signIn(t, "ada@example.org", "password"), http.StatusOK)
		account, err := s.accounts.Get(t.Context(), up.User.ID)
		if err != nil || !strings.HasPrefix(account.PasswordHash, fmt.Sprintf("$argon2id$v=19$m=%d,t=2,p=1$", memory)) {
			t.Errorf("got %s, %v", account.PasswordHash, err)
		}
	}
}
