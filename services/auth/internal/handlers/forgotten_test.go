package handlers_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/services/auth/internal/domain"
)

func (s service) askForLink(t *testing.T, email string) *webtest.Answer {
	t.Helper()
	return s.ask(t, http.MethodPost, "/password/forgotten", fmt.Sprintf(`{"email": %q}`, email))
}

// mailed is what the link ends with that was asked for last.
func (s service) mailed(t *testing.T) string {
	t.Helper()
	must.Do(t, s.forgotten.Mail(t.Context()))
	return s.lastMailed(t)
}

// lastMailed is what the link that was mailed last ends with.
func (s service) lastMailed(t *testing.T) string {
	t.Helper()
	for _, event := range slices.Backward(s.bus.Events()) {
		if event.Type == "account.password_forgotten.v1" {
			var asked struct{ Code string }
			must.Do(t, json.Unmarshal(event.Data, &asked))
			return asked.Code
		}
	}
	t.Fatal("no link was mailed")
	return ""
}

// link asks for a link and returns what it ends with.
func (s service) link(t *testing.T, email string) string {
	t.Helper()
	s.askForLink(t, email).Expect(http.StatusAccepted)
	return s.mailed(t)
}

func (s service) setByLink(t *testing.T, link, password string, headers ...string) *webtest.Answer {
	t.Helper()
	return s.ask(t, http.MethodPut, "/password/forgotten", fmt.Sprintf(`{"link": %q, "new": %q}`, link, password), headers...)
}

func TestForgotten_setsThePasswordOnce(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "ada@example.org")
	link := s.link(t, "ADA@example.org")
	_, secret, _ := strings.Cut(link, ".")
	if strings.Contains(s.states.Value("auth-store", "account:"+up.User.ID), secret) {
		t.Error("the link is stored")
	}
	refused(t, s.setByLink(t, link, "short"), errs.Invalid, "new")
	s.setByLink(t, link, "battery staple").Expect(http.StatusNoContent)
	if s.active(t, up) {
		t.Error("a session of before is still active")
	}
	refused(t, s.signIn(t, "ada@example.org", "correct horse"), errs.Unauthenticated, "")
	webtest.Read[grant](s.signIn(t, "ada@example.org", "battery staple"), http.StatusOK)
	refused(t, s.setByLink(t, link, "another staple"), errs.Invalid, "link")
	s.expectPublished(t, "registered", "password_forgotten", "password_changed")
}

// Nobody learns whether an address has an account: neither by the answer, nor by what is done before it.
func TestForgotten_answersAlikeForEveryAddress(t *testing.T) {
	s := newService(t)
	s.signUp(t, "ada@example.org")
	s.askForLink(t, "somebody@example.org").Expect(http.StatusAccepted) // the first request of all may cost more
	calls, seen := 0, map[string][]string{}
	s.states.Before = func(string, string) error { calls++; return nil }
	for _, email := range []string{"ada@example.org", "eve@example.org"} {
		for range 4 { // the fourth is refused
			calls = 0
			answer := s.askForLink(t, email)
			retry := answer.Header().Get("Retry-After") != ""
			seen[email] = append(seen[email], fmt.Sprint(answer.Code, answer.Body, retry, calls))
		}
	}
	if !slices.Equal(seen["ada@example.org"], seen["eve@example.org"]) {
		t.Errorf("the answers, or what they cost, differ: %v", seen)
	}
	s.states.Before = nil
	s.expectPublished(t, "registered")
	must.Do(t, s.forgotten.Mail(t.Context()))
	s.expectPublished(t, "registered", "password_forgotten", "password_forgotten", "password_forgotten")
	if left := s.states.Value("auth-store", "unfinished:forgotten"); strings.Contains(left, ".") {
		t.Errorf("requests are left: %s", left)
	}
	refused(t, s.askForLink(t, "ada"), errs.Invalid, "email")
}

// A stranger who asks for links makes those before void for nobody, and the owner can ask again within the hour.
func TestForgotten_keepsLinksValidForAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		s.signUp(t, "ada@example.org")
		first := s.link(t, "ada@example.org")
		time.Sleep(10 * time.Minute)
		second := s.link(t, "ada@example.org")
		third := s.link(t, "ada@example.org")
		refused(t, s.askForLink(t, "ada@example.org"), errs.RateLimited, "")
		time.Sleep(domain.LinkTTL - 10*time.Minute)
		refused(t, s.setByLink(t, first, "battery staple"), errs.Invalid, "link")
		s.askForLink(t, "ada@example.org").Expect(http.StatusAccepted)
		s.setByLink(t, second, "battery staple").Expect(http.StatusNoContent)
		refused(t, s.setByLink(t, third, "another staple"), errs.Invalid, "link")
	})
}

func TestForgotten_refusesWhatItHasNotMailed(t *testing.T) {
	s := newService(t)
	ada, eve := s.signUp(t, "ada@example.org"), s.signUp(t, "eve@example.org")
	link := s.link(t, "eve@example.org")
	_, secret, _ := strings.Cut(link, ".")
	for _, forged := range []string{
		ada.User.ID + "." + secret, ada.User.ID, ada.User.ID + ".", "." + secret, eve.User.ID + "." + secret[1:], "../x", "0." + secret, secret,
	} {
		refused(t, s.setByLink(t, forged, "battery staple"), errs.Invalid, "link")
	}
	s.ask(t, http.MethodPut, "/password", `{"current": "correct horse", "new": "battery staple"}`, as(eve)).Expect(http.StatusNoContent)
	refused(t, s.setByLink(t, link, "another staple"), errs.Invalid, "link")
}

// Anyone who reads the mail owns the address, also if somebody else has signed up with it.
func TestForgotten_verifiesTheAddress(t *testing.T) {
	s := newServiceThat(t, true)
	up := s.signUp(t, "ada@example.org")
	s.setByLink(t, s.link(t, "ada@example.org"), "battery staple").Expect(http.StatusNoContent)
	if in := webtest.Read[grant](s.signIn(t, "ada@example.org", "battery staple"), http.StatusOK); !s.verified(t, in) || s.active(t, up) {
		t.Error("the address is not verified, or who signed up is still signed in")
	}
	s.expectPublished(t, "registered", "verification_requested", "password_forgotten", "password_changed", "verified")
}

// An owner who has guessed wrong too often does not wait after that.
func TestForgotten_endsTheWaitForTheOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		s.signUp(t, "ada@example.org")
		for range 10 {
			refused(t, s.signIn(t, "ada@example.org", "battery staple"), errs.Unauthenticated, "")
		}
		refused(t, s.signIn(t, "ada@example.org", "correct horse"), errs.RateLimited, "")
		s.setByLink(t, s.link(t, "ada@example.org"), "new battery staple").Expect(http.StatusNoContent)
		webtest.Read[grant](s.signIn(t, "ada@example.org", "new battery staple"), http.StatusOK)
	})
}

// The process dies after any write: the next one mails the link, and each request gets one.
func TestForgotten_isMailedWhateverDies(t *testing.T) {
	s := newService(t)
	s.signUp(t, "ada@example.org")
	s.askForLink(t, "ada@example.org").Expect(http.StatusAccepted)
	for _, prefix := range []string{"account:", "unfinished:forgotten"} {
		s.states.After = func(operation, key string) error {
			if operation == "save" && strings.HasPrefix(key, prefix) {
				return errors.New("crash")
			}
			return nil
		}
		_ = s.forgotten.Mail(t.Context())
	}
	s.states.After = nil
	s.setByLink(t, s.mailed(t), "battery staple").Expect(http.StatusNoContent)
	links := map[string]bool{}
	for _, event := range s.bus.Events() {
		if event.Type == "account.password_forgotten.v1" {
			links[event.ID] = true
		}
	}
	if len(links) != 1 {
		t.Errorf("%d links were mailed", len(links))
	}
}

func TestForgotten_outlivesTheBroker(t *testing.T) {
	s := newService(t)
	s.signUp(t, "ada@example.org")
	s.bus.Before = func(string) error { return errors.New("down") }
	s.askForLink(t, "ada@example.org").Expect(http.StatusAccepted)
	must.Do(t, s.forgotten.Mail(t.Context()))
	s.bus.Before = nil
	catchUp(t, s)
	s.setByLink(t, s.mailed(t), "battery staple").Expect(http.StatusNoContent)
}

func TestForgotten_isOfNoUseOnceTheAccountIsDeleted(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "ada@example.org")
	link := s.link(t, "ada@example.org")
	s.askForLink(t, "ada@example.org").Expect(http.StatusAccepted)
	s.deleteOwn(t, up, ownPassword).Expect(http.StatusAccepted)
	must.Do(t, s.forgotten.Mail(t.Context()))
	refused(t, s.setByLink(t, link, "battery staple"), errs.Invalid, "link")
	s.expectErased(t, "ada@", "argon2")
}

func TestForgotten_isInTheAuditTrail(t *testing.T) {
	s := newService(t)
	admin, ada := s.newAdmin(t, "admin@example.org"), s.signUp(t, "ada@example.org")
	s.setByLink(t, s.link(t, "ada@example.org"), "battery staple", "X-Forwarded-For: 192.0.2.7").Expect(http.StatusNoContent)
	newest := s.audit(t, as(admin), "?account="+ada.User.ID).Items[0]
	if newest.Act != "set-forgotten-password" || newest.Address != "192.0.2.7" {
		t.Errorf("got %+v", newest)
	}
}
