package handlers_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/services/auth/internal/domain"
)

func (s service) changePassword(t *testing.T, up grant, current, chosen string) *webtest.Answer {
	t.Helper()
	return s.ask(t, http.MethodPut, "/password", fmt.Sprintf(`{"current": %q, "new": %q}`, current, chosen), as(up))
}

// A request that sets a password comes twice if its answer is lost, or somebody clicks twice. The second one finds that it is done.
func TestPassword_canBeSetTwice(t *testing.T) {
	const old, chosen = "correct horse", "battery staple"
	for name, set := range map[string]func(t *testing.T, s service, up grant, link, password string) *webtest.Answer{
		"by a link": func(t *testing.T, s service, _ grant, link, password string) *webtest.Answer {
			return s.setByLink(t, link, password)
		},
		"by the current one": func(t *testing.T, s service, up grant, _, password string) *webtest.Answer {
			return s.changePassword(t, up, old, password)
		},
	} {
		for when, before := range map[string]func(s service, first func()){
			"one after the other": func(_ service, first func()) { first() },
			"at once":             func(s service, first func()) { s.before("account:", first) },
		} {
			t.Run(name+" "+when, func(t *testing.T) {
				s := newService(t)
				up := s.signUp(t, "ada@example.org")
				link := s.link(t, "ada@example.org")
				before(s, func() { set(t, s, up, link, chosen).Expect(http.StatusNoContent) })
				set(t, s, up, link, chosen).Expect(http.StatusNoContent)
				s.states.Before = nil
				refused(t, set(t, s, up, link, "another staple"), errs.Invalid, "")
				webtest.Read[grant](s.signIn(t, "ada@example.org", chosen), http.StatusOK)
				s.expectPublished(t, "registered", "password_forgotten", "password_changed")
			})
		}
	}
}

// Later, or by another session, the same request is one with the wrong password.
func TestPassword_canBeSetTwiceWithinAMinuteOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		up, there := s.signUp(t, "ada@example.org"), webtest.Read[grant](s.signIn(t, "ada@example.org", "correct horse"), http.StatusOK)
		s.changePassword(t, up, "correct horse", "battery staple").Expect(http.StatusNoContent)
		refused(t, s.changePassword(t, there, "correct horse", "battery staple"), errs.Unauthenticated, "")
		there = webtest.Read[grant](s.signIn(t, "ada@example.org", "battery staple"), http.StatusOK)
		refused(t, s.changePassword(t, there, "correct horse", "battery staple"), errs.Invalid, "current")
		time.Sleep(time.Minute)
		refused(t, s.changePassword(t, up, "correct horse", "battery staple"), errs.Invalid, "current")
		link := s.link(t, "ada@example.org")
		s.setByLink(t, link, "new battery staple").Expect(http.StatusNoContent)
		time.Sleep(time.Minute)
		refused(t, s.setByLink(t, link, "new battery staple"), errs.Invalid, "link")
	})
}

// A process dies between the mail of a link and the end of its request. If the link is used before the next process looks at the
// request, it mails no other one.
func TestForgotten_mailsNothingAfterALinkWasUsed(t *testing.T) {
	for name, use := range map[string]func(t *testing.T, s service, up grant, link string) *webtest.Answer{
		"by the link": func(t *testing.T, s service, _ grant, link string) *webtest.Answer {
			return s.setByLink(t, link, "battery staple")
		},
		"by a change of the password": func(t *testing.T, s service, up grant, _ string) *webtest.Answer {
			return s.changePassword(t, up, "correct horse", "battery staple")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			up := s.signUp(t, "ada@example.org")
			s.askForLink(t, "ada@example.org").Expect(http.StatusAccepted)
			s.states.Before = func(operation, key string) error {
				if operation == "save" && key == "unfinished:forgotten" {
					return errors.New("down")
				}
				return nil
			}
			_ = s.forgotten.Mail(t.Context())
			s.states.Before = nil
			link := s.lastMailed(t)
			use(t, s, up, link).Expect(http.StatusNoContent)
			must.Do(t, s.forgotten.Mail(t.Context()))
			s.expectPublished(t, "registered", "password_forgotten", "password_changed")
		})
	}
}

// Strangers guess, so that nobody gets in from a new place. The owner who reads the mail there does.
func TestForgotten_letsTheOwnerInBesideStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		s.signUp(t, "ada@example.org")
		const here = "X-Forwarded-For: 198.51.100.1"
		s.setByLink(t, s.link(t, "ada@example.org"), "battery staple", here).Expect(http.StatusNoContent)
		address := domain.Email("ada@example.org")
		must.Get(s.attempts.Upsert(t.Context(), address.Key(), func(a *domain.Attempts) error {
			a.Strange, a.Since = 100, time.Now()
			return nil
		}))(t)
		refused(t, s.signIn(t, "ada@example.org", "battery staple", "X-Forwarded-For: 203.0.113.1"), errs.RateLimited, "")
		webtest.Read[grant](s.signIn(t, "ada@example.org", "battery staple", here), http.StatusOK)
	})
}
