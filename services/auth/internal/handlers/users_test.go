package handlers_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/identity"
	"stoa/services/auth/internal/domain"
)

// newAdmin makes an account with the role ADMIN and signs in to it.
func (s service) newAdmin(t *testing.T, email string) grant {
	t.Helper()
	registration, err := domain.NewRegistration(email, "Admin", "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.accounts.Register(t.Context(), registration, domain.Admin); err != nil {
		t.Fatal(err)
	}
	return read[grant](t, s.signIn(email, "correct horse"), http.StatusOK)
}

func (s service) setRoles(by grant, id, roles string) *httptest.ResponseRecorder {
	return s.ask(http.MethodPut, "/users/"+id+"/roles", `{"roles": `+roles+`}`, as(by))
}

func TestRoles_areGivenByAdmins(t *testing.T) {
	s := newService(t)
	admin, ada := s.newAdmin(t, "admin@example.org"), s.signUp(t, "ada@example.org")
	given := read[map[string]any](t, s.setRoles(admin, ada.User.ID, `["EDITOR","AUTHOR","AUTHOR"]`), http.StatusOK)
	if got := fmt.Sprint(given["roles"]); got != "[LEARNER AUTHOR EDITOR]" {
		t.Errorf("got %s", got)
	}
	account, err := s.accounts.Get(t.Context(), ada.User.ID)
	if err != nil || !account.Has(domain.Editor) {
		t.Errorf("got %+v, %v", account, err)
	}
	refused(t, s.setRoles(admin, ada.User.ID, `["AUTHOR","KING"]`), errs.Invalid, "roles[1]")
	refused(t, s.setRoles(admin, ada.User.ID, `"ADMIN"`), errs.Invalid, "roles")
	refused(t, s.setRoles(admin, ids.New(), `[]`), errs.NotFound, "")
	refused(t, s.setRoles(ada, ada.User.ID, `["ADMIN"]`), errs.Forbidden, "")
	refused(t, s.ask(http.MethodGet, "/users", "", as(ada)), errs.Forbidden, "")
}

// Two admins take the role from themselves, or from each other, at the same time: one keeps it.
func TestRoles_keepOneAdmin(t *testing.T) {
	for name, target := range map[string]func(a, b grant) (string, string){
		"themselves": func(a, b grant) (string, string) { return a.User.ID, b.User.ID },
		"each other": func(a, b grant) (string, string) { return b.User.ID, a.User.ID },
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			a, b := s.newAdmin(t, "a@example.org"), s.newAdmin(t, "b@example.org")
			first, second := target(a, b)
			answers := make([]*httptest.ResponseRecorder, 2)
			var both sync.WaitGroup
			both.Go(func() { answers[0] = s.setRoles(a, first, `[]`) })
			both.Go(func() { answers[1] = s.setRoles(b, second, `[]`) })
			both.Wait()
			admins := 0
			for _, id := range []string{a.User.ID, b.User.ID} {
				account, err := s.accounts.Get(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				if account.Has(domain.Admin) {
					admins++
				}
			}
			if admins != 1 {
				t.Errorf("%d admins are left: %s, %s", admins, answers[0].Body, answers[1].Body)
			}
		})
	}
}

func TestUsers_areListed(t *testing.T) {
	s := newService(t)
	admin := s.newAdmin(t, "admin@example.org")
	for n := range 4 {
		s.signUp(t, fmt.Sprintf("u%d@example.org", n))
	}
	type page struct {
		Items []struct{ Email string }
		Next  string
	}
	var seen []string
	for query := "?limit=2"; query != ""; {
		answer := s.ask(http.MethodGet, "/users"+query, "", as(admin))
		if strings.Contains(answer.Body.String(), "argon2") {
			t.Error("the list shows hashes")
		}
		got := read[page](t, answer, http.StatusOK)
		for _, item := range got.Items {
			seen = append(seen, item.Email)
		}
		if query = ""; got.Next != "" {
			query = "?limit=2&cursor=" + got.Next
		}
	}
	if want := "[u3@example.org u2@example.org u1@example.org u0@example.org admin@example.org]"; fmt.Sprint(seen) != want {
		t.Errorf("got %v", seen)
	}
	for query, want := range map[string]int{"?email=U1@EXAMPLE.org": 1, "?email=nobody@example.org": 0} {
		if got := read[page](t, s.ask(http.MethodGet, "/users"+query, "", as(admin)), http.StatusOK); len(got.Items) != want {
			t.Errorf("%s: got %v", query, got)
		}
	}
	refused(t, s.ask(http.MethodGet, "/users?email=x", "", as(admin)), errs.Invalid, "email")
	refused(t, s.ask(http.MethodGet, "/users?cursor=x", "", as(admin)), errs.Invalid, "cursor")
}

func TestSignUp_succeedsOnceForAnAddress(t *testing.T) {
	s := newService(t)
	answers := make([]*httptest.ResponseRecorder, 20) // each hashes a password of its own
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			answers[i] = s.ask(http.MethodPost, "/signup/basic", signUpBody("ada@example.org", ids.New(), "Ada"))
		})
	}
	all.Wait()
	won := 0
	for _, answer := range answers {
		if answer.Code == http.StatusCreated {
			won++
		} else {
			refused(t, answer, errs.Conflict, "email")
		}
	}
	if won != 1 || len(s.states.Keys("auth-store", "account:")) != 1 {
		t.Errorf("%d winners, accounts: %v", won, s.states.Keys("auth-store", "account:"))
	}
}

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
			refused(t, s.ask(http.MethodPost, "/signup/basic", adaSignsUp), errs.Unavailable, "")
			s.bus.Before, s.bus.After, s.states.Before = nil, nil, nil
			if len(s.states.Keys("auth-store", "account:")) > 0 {
				refused(t, s.ask(http.MethodPost, "/signup/basic", signUpBody("ada@example.org", "another one", "Eve")), errs.Conflict, "email")
			}
			up := read[grant](t, s.ask(http.MethodPost, "/signup/basic", adaSignsUp), http.StatusCreated)
			if !s.active(t, up) {
				t.Error("the session has ended")
			}
			refused(t, s.ask(http.MethodPost, "/signup/basic", adaSignsUp), errs.Conflict, "email")
			events := s.bus.Events()
			if len(events) == 0 || len(events) > 2 || events[0].ID != events[len(events)-1].ID {
				t.Errorf("published: %+v", events)
			}
		})
	}
}

func TestEvents_arePublishedLaterIfTheBrokerIsDown(t *testing.T) {
	for name, later := range map[string]func(t *testing.T, s service){
		"by itself": func(t *testing.T, s service) { t.Helper(); catchUp(t, s) },
		"by the next sign-in": func(t *testing.T, s service) {
			t.Helper()
			read[grant](t, s.signIn("ada@example.org", "battery staple"), http.StatusOK)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			up := s.signUp(t, "ada@example.org")
			s.bus.Before = func(string) error { return errors.New("down") }
			answer := s.ask(http.MethodPut, "/password", `{"current": "correct horse", "new": "battery staple"}`, as(up))
			if answer.Code != http.StatusNoContent {
				t.Fatalf("got %d %s", answer.Code, answer.Body)
			}
			s.bus.Before = nil
			later(t, s)
			catchUp(t, s)
			if got := s.bus.Types(); !slices.Equal(got, []string{"account.registered.v1", "account.password_changed.v1"}) {
				t.Errorf("published: %v", got)
			}
			account, err := s.accounts.Get(t.Context(), up.User.ID)
			if err != nil || len(account.Unpublished) != 0 {
				t.Errorf("left is %v, %v", account.Unpublished, err)
			}
		})
	}
}

func catchUp(t *testing.T, s service) {
	t.Helper()
	if err := s.publisher.CatchUp(t.Context()); err != nil {
		t.Error(err)
	}
}

// wrongGuesses sends many at once from one address, and counts those that were allowed.
func (s service) wrongGuesses(email string, n int, header string) (allowed int) {
	answers := make([]*httptest.ResponseRecorder, n)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = s.signIn(email, "wrong horse", header) })
	}
	all.Wait()
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
		read[grant](t, s.ask(http.MethodPost, "/signup/basic", adaSignsUp, home), http.StatusCreated)
		for _, email := range []string{"ada@example.org", "nobody@example.org"} {
			if got := s.wrongGuesses(email, 20, elsewhere); got != 10 {
				t.Errorf("%d guesses for %s were allowed, want 10", got, email)
			}
		}
		known, unknown := s.signIn("ada@example.org", "correct horse", elsewhere), s.signIn("nobody@example.org", "x", elsewhere)
		for _, answer := range []*httptest.ResponseRecorder{known, unknown} {
			refused(t, answer, errs.RateLimited, "")
			if answer.Header().Get("Retry-After") != "1" {
				t.Errorf("Retry-After is %q", answer.Header().Get("Retry-After"))
			}
		}
		if known.Body.String() != unknown.Body.String() {
			t.Errorf("with an account: %s; without: %s", known.Body, unknown.Body)
		}
		read[grant](t, s.signIn("ada@example.org", "correct horse", home), http.StatusOK)
	})
}

func TestGuessing_includesTheCurrentPassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		up := s.signUp(t, "ada@example.org")
		for range 10 {
			refused(t, s.ask(http.MethodPut, "/password", `{"current": "wrong horse", "new": "battery staple"}`, as(up)), errs.Invalid, "current")
		}
		refused(t, s.ask(http.MethodPut, "/password", `{"current": "correct horse", "new": "battery staple"}`, as(up)), errs.RateLimited, "")
		refused(t, s.signIn("ada@example.org", "correct horse"), errs.RateLimited, "")
	})
}

func TestSignIn_replacesAnOldHash(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "ada@example.org")
	const old = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4" // of "password"
	if _, err := s.store.Update(t.Context(), up.User.ID, func(a *domain.Account) error { a.PasswordHash = old; return nil }); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		read[grant](t, s.signIn("ada@example.org", "password"), http.StatusOK)
		account, err := s.accounts.Get(t.Context(), up.User.ID)
		if err != nil || !strings.HasPrefix(account.PasswordHash, "$argon2id$v=19$m=19456,t=2,p=1$") {
			t.Errorf("got %s, %v", account.PasswordHash, err)
		}
	}
}

func TestLiveness_hasTheCurrentRoles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		admin, ada := s.newAdmin(t, "admin@example.org"), s.signUp(t, "ada@example.org")
		read[map[string]any](t, s.setRoles(admin, ada.User.ID, `["ADMIN"]`), http.StatusOK)
		time.Sleep(5 * time.Second) // the cached answer about her session expires
		caller, err := s.verifier.Verify(t.Context(), ada.AccessToken)
		if err != nil || !caller.Has(identity.Admin) {
			t.Errorf("got %+v, %v", caller, err)
		}
		read[map[string]any](t, s.setRoles(ada, admin.User.ID, `[]`), http.StatusOK)
		time.Sleep(5 * time.Second)
		refused(t, s.ask(http.MethodGet, "/users", "", as(admin)), errs.Forbidden, "")
	})
}

func TestEvents_nameTheAccount(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "ada@example.org")
	var told struct{ ID, Email, Name string }
	event := s.bus.Events()[0]
	if err := json.Unmarshal(event.Data, &told); err != nil || told.ID != up.User.ID || told.Email != "ada@example.org" || event.Topic != "accounts" {
		t.Errorf("got %s on %s (%v)", event.Data, event.Topic, err)
	}
}
