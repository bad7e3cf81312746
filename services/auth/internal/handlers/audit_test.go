package handlers_test

import (
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
	"stoa/pkg/common/web"
	"stoa/pkg/common/web/webtest"
	"stoa/services/auth/internal/domain"
)

// told is an entry of the audit trail as a client reads it.
type told struct {
	Act, AccountID, Subject, Detail, Network, Address, UserAgent string
	Count                                                        int
}

func (s service) audit(t *testing.T, as, query string) web.Listing[told] {
	t.Helper()
	return webtest.Read[web.Listing[told]](s.ask(t, http.MethodGet, "/audit"+query, "", as), http.StatusOK)
}

func TestAudit_hasEverythingThatConcernsSecurity(t *testing.T) {
	s := newService(t)
	const home = "X-Forwarded-For: 192.0.2.7"
	admin := s.newAdmin(t, "admin@example.org")
	ada := webtest.Read[grant](s.ask(t, http.MethodPost, "/signup/basic", adaSignsUp, home, "User-Agent: curl/8"), http.StatusCreated)
	other := webtest.Read[grant](s.signIn(t, "ada@example.org", "correct horse", home), http.StatusOK)
	session := must.Get(s.tokens.Verify(t.Context(), other.AccessToken))(t).SessionID
	next := webtest.Read[grant](s.refresh(t, ada.RefreshToken), http.StatusOK)
	key := s.createKey(t, shopKey, as(admin))
	webtest.Read[map[string]any](s.setRoles(t, admin, ada.User.ID, `["STAFF"]`), http.StatusOK)
	s.ask(t, http.MethodDelete, "/apikeys/"+key.ID, "", as(admin)).Expect(http.StatusNoContent)
	s.ask(t, http.MethodPatch, "/profile/mine", `{"name": "Countess"}`, as(ada)).Expect(http.StatusOK)
	s.ask(t, http.MethodDelete, "/sessions/"+session, "", as(ada)).Expect(http.StatusNoContent)
	s.ask(t, http.MethodPut, "/password", `{"current": "correct horse", "new": "battery staple"}`, as(ada)).Expect(http.StatusNoContent)
	s.ask(t, http.MethodDelete, "/sessions", "", as(ada)).Expect(http.StatusNoContent)
	webtest.Read[grant](s.refresh(t, next.RefreshToken), http.StatusOK)
	refused(t, s.refresh(t, ada.RefreshToken), errs.Unauthenticated, "") // a copy
	third := webtest.Read[grant](s.signIn(t, "ada@example.org", "battery staple"), http.StatusOK)
	s.ask(t, http.MethodDelete, "/signout", "", as(third)).Expect(http.StatusNoContent)

	var acts []string
	for _, e := range s.audit(t, as(admin), "?limit=100").Items {
		acts = append(acts, strings.TrimSpace(fmt.Sprint(e.Act, " ", e.Detail)))
	}
	slices.Reverse(acts)
	want := []string{
		"sign-in", "sign-up", "sign-in", "create-api-key [shop:read shop:write]", "set-roles [LEARNER STAFF]", "revoke-api-key",
		"change-profile", "end-session", "change-password", "end-other-sessions", "reuse-refresh-token", "sign-in", "sign-out",
	}
	if !slices.Equal(acts, want) {
		t.Errorf("got %q\nwant %q", acts, want)
	}
	about := s.audit(t, as(admin), "?account="+ada.User.ID).Items
	if len(about) != 10 || about[len(about)-1] != (told{"sign-up", ada.User.ID, "", "", "192.0.2.0/24", "192.0.2.7", "curl/8", 1}) {
		t.Errorf("about her: %+v", about)
	}
	if i := slices.IndexFunc(about, func(e told) bool { return e.Act == "set-roles" }); i < 0 || about[i].AccountID != admin.User.ID || about[i].Subject != ada.User.ID {
		t.Errorf("who gave her a role is not among %+v", about)
	}
}

// What is not in the trail does not happen.
func TestAudit_comesBeforeTheChange(t *testing.T) {
	s := newService(t)
	admin, ada := s.newAdmin(t, "admin@example.org"), s.signUp(t, "ada@example.org")
	s.states.Before = func(operation, key string) error {
		if operation == "save" && strings.HasPrefix(key, "audit:") {
			return errors.New("down")
		}
		return nil
	}
	refused(t, s.setRoles(t, admin, ada.User.ID, `["ADMIN"]`), errs.Unavailable, "")
	refused(t, s.ask(t, http.MethodPost, "/apikeys", shopKey, as(admin)), errs.Unavailable, "")
	refused(t, s.signIn(t, "ada@example.org", "correct horse"), errs.Unavailable, "")
	if account := must.Get(s.accounts.Get(t.Context(), ada.User.ID))(t); account.Has(domain.Admin) || len(s.states.Keys("auth-store", "apikey:")) != 1 {
		t.Errorf("her roles are %v, the keys %v", account.Roles, s.states.Keys("auth-store", "apikey:"))
	}
}

// Someone who signs in all the time cannot bury what others did.
func TestAudit_foldsWhatIsRepeatedWithinAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		s.newAdmin(t, "admin@example.org")
		s.signUp(t, "eve@example.org")
		for range 4 {
			time.Sleep(20 * time.Minute)
			for range 3 {
				webtest.Read[grant](s.signIn(t, "eve@example.org", "correct horse"), http.StatusOK)
			}
		}
		admin := webtest.Read[grant](s.signIn(t, "admin@example.org", "correct horse"), http.StatusOK)
		var counts []int
		for _, e := range s.audit(t, as(admin), "?account="+s.idOf(t, "eve@example.org")).Items {
			counts = append(counts, e.Count)
		}
		if !slices.Equal(counts, []int{3, 9, 1}) {
			t.Errorf("got %v", counts)
		}
	})
}

func (s service) idOf(t *testing.T, email string) string {
	t.Helper()
	found, _, err := s.accounts.List(t.Context(), email, "", 1)
	if err != nil || len(found) != 1 {
		t.Fatalf("got %v, %v", found, err)
	}
	return found[0].ID
}

// Refused requests are counted, however many there are, and take no room from what accounts did.
func TestRefusals_areCountedByNetworkAndAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		admin, eve := s.newAdmin(t, "admin@example.org"), s.signUp(t, "eve@example.org")
		before := s.audit(t, as(admin), "")
		const abroad = "X-Forwarded-For: 198.51.100.1"
		for range 12 {
			s.signIn(t, "admin@example.org", "wrong horse", abroad)
		}
		s.signIn(t, "nobody@example.org", "wrong horse", abroad)
		refused(t, s.ask(t, http.MethodPut, "/password", `{"current": "wrong horse", "new": "battery staple"}`, as(eve)), errs.Invalid, "current")
		refused(t, s.ask(t, http.MethodGet, "/users", "", as(eve), abroad), errs.Forbidden, "")
		s.ask(t, http.MethodGet, "/profile/mine", "", "Authorization: Bearer x").Expect(http.StatusUnauthorized)
		s.refusals.Write(t.Context())
		s.refusals.Write(t.Context())
		day := webtest.Read[domain.Refusals](s.ask(t, http.MethodGet, "/audit/refusals", "", as(admin)), http.StatusOK)
		var got []string
		for _, r := range append(day.Networks.Items, day.Accounts.Items...) {
			got = append(got, fmt.Sprint(r.Operation, " ", r.Status, " ", r.Of, " ", r.Count))
		}
		slices.Sort(got)
		want := []string{
			"change-password 422 " + eve.User.ID + " 1",
			"list-users 403 198.51.100.0/24 1", "my-profile 401 unknown 1",
			"sign-in 401 198.51.100.0/24 11", "sign-in 401 " + admin.User.ID + " 10",
			"sign-in 429 198.51.100.0/24 2", "sign-in 429 " + admin.User.ID + " 2",
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("got %q\nwant %q", got, want)
		}
		if after := s.audit(t, as(admin), ""); len(after.Items) != len(before.Items) {
			t.Errorf("the trail has %+v after %+v", after, before)
		}
		none := webtest.Read[domain.Refusals](s.ask(t, http.MethodGet, "/audit/refusals?day=2020-01-01", "", as(admin)), http.StatusOK)
		if len(none.Networks.Items)+len(none.Accounts.Items) != 0 {
			t.Errorf("another day has %+v", none)
		}
		refused(t, s.ask(t, http.MethodGet, "/audit/refusals?day=yesterday", "", as(admin)), errs.Invalid, "day")
	})
}
