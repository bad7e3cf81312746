package handlers_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web/webtest"
	"stoa/services/auth/internal/domain"
)

// before makes something else happen right before the first save of a document with this prefix.
func (s service) before(prefix string, happens func()) {
	var once atomic.Bool
	s.states.Before = func(operation, key string) error {
		if operation == "save" && strings.HasPrefix(key, prefix) && once.CompareAndSwap(false, true) {
			happens()
		}
		return nil
	}
}

// A thief signs in with the old password from a new network while the owner changes the password: the thief's session ends
// too.
func TestSignIn_endsIfThePasswordChangesMeanwhile(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "ada@example.org")
	var changed *webtest.Answer
	s.before("account:", func() {
		changed = s.ask(t, http.MethodPut, "/password", `{"current": "correct horse", "new": "battery staple"}`, as(up))
	})
	thief := s.signIn(t, "ada@example.org", "correct horse", "X-Forwarded-For: 198.51.100.1")
	if changed == nil || changed.Code != http.StatusNoContent {
		t.Fatalf("the password was not changed meanwhile: %+v", changed)
	}
	if thief.Code == http.StatusOK && s.active(t, webtest.Read[grant](thief, http.StatusOK)) {
		t.Error("a session of the old password is still active")
	}
	account, err := s.accounts.Get(t.Context(), up.User.ID)
	if err != nil || account.KnowsNetwork("198.51.100.0/24") {
		t.Errorf("the networks that are known: %v, %v", account.Networks, err)
	}
	if !s.active(t, up) {
		t.Error("the session that changed the password has ended")
	}
}

// A session may expire while its refresh token is exchanged.
func TestRefresh_isRefusedIfTheSessionExpiresMeanwhile(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "ada@example.org")
	s.before("session:", func() { s.states.Drop("auth-store", s.states.Keys("auth-store", "session:")[0]) })
	refused(t, s.refresh(t, up.RefreshToken), errs.Unauthenticated, "")
}

// An admin gives the role ADMIN to another account and gives up the role, while a third request, which has seen neither,
// takes the role from that account.
func TestRoles_keepOneAdminInARaceOfThree(t *testing.T) {
	s := newService(t)
	admin, ada := s.newAdmin(t, "admin@example.org"), s.signUp(t, "ada@example.org")
	s.before("account:"+ada.User.ID, func() {
		webtest.Read[map[string]any](s.setRoles(t, admin, ada.User.ID, `["ADMIN"]`), http.StatusOK)
		webtest.Read[map[string]any](s.setRoles(t, admin, admin.User.ID, `[]`), http.StatusOK)
	})
	refused(t, s.setRoles(t, admin, ada.User.ID, `["AUTHOR"]`), errs.Conflict, "")
	account, err := s.accounts.Get(t.Context(), ada.User.ID)
	if err != nil || !account.Has(domain.Admin) {
		t.Errorf("no ADMIN is left: %+v, %v", account, err)
	}
}
