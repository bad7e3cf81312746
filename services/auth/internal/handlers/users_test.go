package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/identity"
	"stoa/services/auth/internal/domain"
)

// newAdmin makes an account with the role ADMIN and signs in to it.
func (s service) newAdmin(t *testing.T, email string) grant {
	t.Helper()
	registration := must.Get(domain.NewRegistration(email, "Admin", "correct horse"))(t)
	must.Get(s.accounts.Register(t.Context(), registration, domain.Admin))(t)
	return webtest.Read[grant](s.signIn(t, email, "correct horse"), http.StatusOK)
}

func (s service) setRoles(t *testing.T, by grant, id, roles string) *webtest.Answer {
	t.Helper()
	return s.ask(t, http.MethodPut, "/users/"+id+"/roles", `{"roles": `+roles+`}`, as(by))
}

func TestRoles_areGivenByAdmins(t *testing.T) {
	s := newService(t)
	admin, ada := s.newAdmin(t, "admin@example.org"), s.signUp(t, "ada@example.org")
	given := webtest.Read[map[string]any](s.setRoles(t, admin, ada.User.ID, `["EDITOR","AUTHOR","AUTHOR"]`), http.StatusOK)
	if got := fmt.Sprint(given["roles"]); got != "[LEARNER AUTHOR EDITOR]" {
		t.Errorf("got %s", got)
	}
	account, err := s.accounts.Get(t.Context(), ada.User.ID)
	if err != nil || !account.Has(domain.Editor) {
		t.Errorf("got %+v, %v", account, err)
	}
	refused(t, s.setRoles(t, admin, ada.User.ID, `["AUTHOR","KING"]`), errs.Invalid, "roles[1]")
	refused(t, s.setRoles(t, admin, ada.User.ID, `"ADMIN"`), errs.Invalid, "roles")
	refused(t, s.setRoles(t, admin, ids.New(), `[]`), errs.NotFound, "")
	refused(t, s.setRoles(t, ada, ada.User.ID, `["ADMIN"]`), errs.Forbidden, "")
	refused(t, s.ask(t, http.MethodGet, "/users", "", as(ada)), errs.Forbidden, "")
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
			answers := webtest.Together(2, func(i int) *webtest.Answer {
				return s.setRoles(t, []grant{a, b}[i], []string{first, second}[i], `[]`)
			})
			admins := 0
			for _, id := range []string{a.User.ID, b.User.ID} {
				account := must.Get(s.accounts.Get(t.Context(), id))(t)
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
	list := func(query string) web.Listing[struct{ Email string }] {
		answer := s.ask(t, http.MethodGet, "/users"+query, "", as(admin))
		if strings.Contains(answer.Body.String(), "argon2") {
			t.Error("the list shows hashes")
		}
		return webtest.Read[web.Listing[struct{ Email string }]](answer, http.StatusOK)
	}
	first := list("?limit=2")
	rest := list("?cursor=" + first.Next)
	if want := "[{u3@example.org} {u2@example.org} {u1@example.org} {u0@example.org} {admin@example.org}]"; fmt.Sprint(append(first.Items, rest.Items...)) != want || len(first.Items) != 2 {
		t.Errorf("got %v and %v", first, rest)
	}
	for query, want := range map[string]int{"?email=U1@EXAMPLE.org": 1, "?email=nobody@example.org": 0} {
		if got := list(query); len(got.Items) != want {
			t.Errorf("%s: got %v", query, got)
		}
	}
	refused(t, s.ask(t, http.MethodGet, "/users?email=x", "", as(admin)), errs.Invalid, "email")
	refused(t, s.ask(t, http.MethodGet, "/users?cursor=x", "", as(admin)), errs.Invalid, "cursor")
}

func TestLiveness_hasTheCurrentRoles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		admin, ada := s.newAdmin(t, "admin@example.org"), s.signUp(t, "ada@example.org")
		webtest.Read[map[string]any](s.setRoles(t, admin, ada.User.ID, `["ADMIN"]`), http.StatusOK)
		time.Sleep(5 * time.Second) // the cached answer about her session expires
		caller, err := s.verifier.Verify(t.Context(), ada.AccessToken)
		if err != nil || !caller.Has(identity.Admin) {
			t.Errorf("got %+v, %v", caller, err)
		}
		webtest.Read[map[string]any](s.setRoles(t, ada, admin.User.ID, `[]`), http.StatusOK)
		time.Sleep(5 * time.Second)
		refused(t, s.ask(t, http.MethodGet, "/users", "", as(admin)), errs.Forbidden, "")
	})
}

// order-api asks for the account of an address, and learns its id and nothing else.
func TestAccountOfAddress_isForOtherServices(t *testing.T) {
	s := newService(t)
	up := webtest.Read[grant](s.ask(t, http.MethodPost, "/signup/basic", adaSignsUp), http.StatusCreated)
	ask := func(email string) *webtest.Answer {
		return s.Do(t, webtest.Request{Path: "/internal/accounts?email=" + url.QueryEscape(email)})
	}
	found := webtest.Read[map[string]string](ask(strings.ToUpper(up.User.Email)), http.StatusOK)
	if len(found) != 1 || found["id"] != up.User.ID {
		t.Errorf("got %v", found)
	}
	refused(t, ask("nobody@example.com"), errs.NotFound, "")
	refused(t, ask("nonsense"), errs.Invalid, "email")
	refused(t, s.ask(t, http.MethodGet, "/internal/accounts?email="+up.User.Email, ""), errs.NotFound, "")
}
