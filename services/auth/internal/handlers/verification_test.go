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

// code is the code that was mailed last.
func (s service) code(t *testing.T) string {
	t.Helper()
	for _, event := range slices.Backward(s.bus.Events()) {
		if event.Type == "account.verification_requested.v1" {
			var asked struct{ Code string }
			must.Do(t, json.Unmarshal(event.Data, &asked))
			return asked.Code
		}
	}
	t.Fatal("no code was mailed")
	return ""
}

func (s service) sendCode(t *testing.T, by grant, code string) *webtest.Answer {
	t.Helper()
	return s.ask(t, http.MethodPost, "/profile/mine/verification", fmt.Sprintf(`{"code": %q}`, code), as(by))
}

func (s service) mailCode(t *testing.T, by grant) *webtest.Answer {
	t.Helper()
	return s.ask(t, http.MethodPost, "/profile/mine/verification/mail", "", as(by))
}

// verified reports whether the other services take the address for verified.
func (s service) verified(t *testing.T, g grant) bool {
	t.Helper()
	return must.Get(s.verifier.Verify(t.Context(), g.AccessToken))(t).Verified
}

func (s service) expectPublished(t *testing.T, facts ...string) {
	t.Helper()
	for i, fact := range facts {
		facts[i] = "account." + fact + ".v1"
	}
	if got := s.bus.Types(); !slices.Equal(got, facts) {
		t.Errorf("published: %v, want %v", got, facts)
	}
}

func TestVerification_takesTheMailedCode(t *testing.T) {
	s := newServiceThat(t, true)
	up := s.signUp(t, "ada@example.org")
	s.expectPublished(t, "registered", "verification_requested")
	code := s.code(t)
	if s.verified(t, up) || strings.Contains(s.states.Value("auth-store", "account:"+up.User.ID), code) {
		t.Error("the address is verified already, or the code is stored")
	}
	refused(t, s.sendCode(t, up, "00000000"), errs.Invalid, "code")
	for range 2 { // the answer to the first request may be lost
		s.sendCode(t, up, strings.ToLower(code[:4]+"-"+code[4:])).Expect(http.StatusNoContent)
	}
	s.expectPublished(t, "registered", "verification_requested", "verified")
	mine := webtest.Read[map[string]any](s.ask(t, http.MethodGet, "/profile/mine", "", as(up)), http.StatusOK)
	if !s.verified(t, up) || mine["verified"] != true {
		t.Errorf("the address is not verified: %v", mine)
	}
	refused(t, s.mailCode(t, up), errs.Conflict, "")
}

// Of the codes that are asked for while the broker is down, only the one that is valid is mailed.
func TestVerification_mailsOnlyTheLatestCodeAfterAnOutage(t *testing.T) {
	s := newServiceThat(t, true)
	up := s.signUp(t, "ada@example.org")
	s.bus.Before = func(string) error { return errors.New("down") }
	for range 3 {
		s.mailCode(t, up).Expect(http.StatusAccepted)
	}
	s.bus.Before = nil
	catchUp(t, s)
	s.expectPublished(t, "registered", "verification_requested", "verification_requested")
	s.sendCode(t, up, s.code(t)).Expect(http.StatusNoContent)
}

func TestVerification_isNotNeededIfItIsSwitchedOff(t *testing.T) {
	s := newService(t)
	if up := s.signUp(t, "ada@example.org"); !s.verified(t, up) {
		t.Error("the address is not verified")
	}
	s.expectPublished(t, "registered")
}

func TestVerification_isNotAskedOfTheFirstAccounts(t *testing.T) {
	s := newServiceThat(t, true)
	if !s.verified(t, s.newAdmin(t, "admin@example.org")) {
		t.Error("the address is not verified")
	}
}

func TestVerification_refusesGuesses(t *testing.T) {
	s := newServiceThat(t, true)
	up, eve := s.signUp(t, "ada@example.org"), s.signUp(t, "eve@example.org")
	first := s.code(t) // of eve
	refused(t, s.sendCode(t, up, first), errs.Invalid, "code")
	for range 10 {
		refused(t, s.sendCode(t, eve, "00000000"), errs.Invalid, "code")
	}
	refused(t, s.sendCode(t, eve, first), errs.Invalid, "code")
	s.mailCode(t, eve).Expect(http.StatusAccepted)
	refused(t, s.sendCode(t, eve, first), errs.Invalid, "code")
	s.sendCode(t, eve, s.code(t)).Expect(http.StatusNoContent)
	if s.verified(t, up) {
		t.Error("the code of one account verified another")
	}
}

func TestVerification_mailsThreeMoreCodesAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServiceThat(t, true)
		up := s.signUp(t, "ada@example.org")
		time.Sleep(10 * time.Minute)
		for range 3 {
			s.mailCode(t, up).Expect(http.StatusAccepted)
		}
		answer := s.mailCode(t, up)
		refused(t, answer, errs.RateLimited, "")
		if got := answer.Header().Get("Retry-After"); got != "3600" {
			t.Errorf("Retry-After is %s", got)
		}
		time.Sleep(time.Hour)
		in := webtest.Read[grant](s.signIn(t, "ada@example.org", "correct horse"), http.StatusOK)
		s.mailCode(t, in).Expect(http.StatusAccepted)
	})
}

func TestVerification_refusesACodeAfterADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServiceThat(t, true)
		s.signUp(t, "ada@example.org")
		time.Sleep(domain.CodeTTL)
		in := webtest.Read[grant](s.signIn(t, "ada@example.org", "correct horse"), http.StatusOK)
		answer := s.sendCode(t, in, s.code(t))
		refused(t, answer, errs.Invalid, "code")
		if !strings.Contains(answer.Body.String(), "/profile/mine/verification/mail") {
			t.Errorf("it does not say how to get another: %s", answer.Body)
		}
	})
}

func TestVerification_outlivesTheBroker(t *testing.T) {
	s := newServiceThat(t, true)
	s.bus.Before = func(string) error { return errors.New("down") }
	refused(t, s.ask(t, http.MethodPost, "/signup/basic", adaSignsUp), errs.Unavailable, "")
	s.bus.Before = nil
	up := webtest.Read[grant](s.ask(t, http.MethodPost, "/signup/basic", adaSignsUp), http.StatusCreated)
	s.bus.Before = func(string) error { return errors.New("down") }
	s.mailCode(t, up).Expect(http.StatusAccepted)
	s.bus.Before = nil
	catchUp(t, s)
	s.sendCode(t, up, s.code(t)).Expect(http.StatusNoContent)
	s.expectPublished(t, "registered", "verification_requested", "verification_requested", "verified")
}

// The stranger gets one mail: the one with the code. Nothing that the account does is told, and its name reaches nobody.
func TestSignUp_withAStrangersAddressIsToldOnce(t *testing.T) {
	s := newServiceThat(t, true)
	up := s.signUp(t, "stranger@example.org")
	for i := range 30 {
		s.ask(t, http.MethodDelete, "/sessions", "", as(up)).Expect(http.StatusNoContent)
		name := fmt.Sprintf(`{"name": "Your parcel is held, pay at https://example.net/%d"}`, i)
		s.ask(t, http.MethodPatch, "/profile/mine", name, as(up)).Expect(http.StatusOK)
	}
	s.expectPublished(t, "registered", "verification_requested")
}

func TestSessions_thatWereNoneAreNotToldAsEnded(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "ada@example.org")
	other := webtest.Read[grant](s.signIn(t, "ada@example.org", "correct horse"), http.StatusOK)
	for range 30 {
		s.ask(t, http.MethodDelete, "/sessions", "", as(up)).Expect(http.StatusNoContent)
	}
	s.expectPublished(t, "registered", "sessions_revoked")
	if s.active(t, other) {
		t.Error("the other session is active")
	}
}

func TestRoles_needAVerifiedAddress(t *testing.T) {
	s := newServiceThat(t, true)
	admin, ada := s.newAdmin(t, "admin@example.org"), s.signUp(t, "ada@example.org")
	refused(t, s.setRoles(t, admin, ada.User.ID, `["STAFF"]`), errs.Conflict, "")
	webtest.Read[map[string]any](s.setRoles(t, admin, ada.User.ID, `["LEARNER"]`), http.StatusOK)
	s.sendCode(t, ada, s.code(t)).Expect(http.StatusNoContent)
	webtest.Read[map[string]any](s.setRoles(t, admin, ada.User.ID, `["STAFF"]`), http.StatusOK)
}
