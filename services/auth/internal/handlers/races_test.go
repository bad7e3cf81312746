package handlers_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
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

// The store fails, or auth dies, while a session ends because its token was used again: its owner hears of it all the same.
func TestRefresh_withAStolenTokenIsToldWhateverFails(t *testing.T) {
	for _, document := range []string{"account:", "session:"} {
		s := newService(t)
		up := s.signUp(t, "ada@example.org")
		next := webtest.Read[grant](s.refresh(t, up.RefreshToken), http.StatusOK)
		webtest.Read[grant](s.refresh(t, next.RefreshToken), http.StatusOK)
		s.states.Before = func(operation, key string) error {
			if operation == "save" && strings.HasPrefix(key, document) {
				return status.Error(codes.Unavailable, "down")
			}
			return nil
		}
		refused(t, s.refresh(t, up.RefreshToken), errs.Unavailable, "")
		s.states.Before = nil
		refused(t, s.refresh(t, up.RefreshToken), errs.Unauthenticated, "")
		if got := s.bus.Types(); s.active(t, next) || !slices.Contains(got, "account.sessions_revoked.v1") {
			t.Errorf("without %s: published are %v", document, got)
		}
	}
}

// An account becomes ADMIN while a request, which has not seen that, sets its roles: the later one decides.
func TestRoles_ofAnAccountThatBecomesAdminMeanwhileAreThoseSetLast(t *testing.T) {
	s := newService(t)
	admin, ada := s.newAdmin(t, "admin@example.org"), s.signUp(t, "ada@example.org")
	s.before("account:"+ada.User.ID, func() {
		webtest.Read[map[string]any](s.setRoles(t, admin, ada.User.ID, `["ADMIN"]`), http.StatusOK)
	})
	webtest.Read[map[string]any](s.setRoles(t, admin, ada.User.ID, `["AUTHOR"]`), http.StatusOK)
	account, err := s.accounts.Get(t.Context(), ada.User.ID)
	if err != nil || account.Has(domain.Admin) || !account.Has(domain.Author) {
		t.Errorf("got %v, %v", account.AllRoles(), err)
	}
}

// For some seconds a demoted ADMIN is still let in. Nothing that lasts comes of it.
func TestAuthority_ofADemotedAdminEndsAtOnce(t *testing.T) {
	s := newService(t)
	admin, eve := s.newAdmin(t, "admin@example.org"), s.newAdmin(t, "eve@example.org")
	made := s.createKey(t, shopKey, as(eve)) // from now on her session and role are remembered
	for range 3 {
		webtest.Read[map[string]any](s.setRoles(t, admin, eve.User.ID, `[]`), http.StatusOK)
		refused(t, s.setRoles(t, eve, eve.User.ID, `["ADMIN"]`), errs.Forbidden, "")
		refused(t, s.setRoles(t, eve, admin.User.ID, `[]`), errs.Forbidden, "")
		refused(t, s.ask(t, http.MethodPost, "/apikeys", shopKey, as(eve)), errs.Forbidden, "")
		refused(t, s.ask(t, http.MethodDelete, "/apikeys/"+made.ID, "", as(eve)), errs.Forbidden, "")
	}
	account := must.Get(s.accounts.Get(t.Context(), eve.User.ID))(t)
	if account.Has(domain.Admin) || len(s.states.Keys("auth-store", "apikey:")) != 2 {
		t.Errorf("left is %v and %v", account.Roles, s.states.Keys("auth-store", "apikey:"))
	}
}

// So is a session for some seconds after its end.
func TestAuthority_ofASessionEndsWithIt(t *testing.T) {
	s := newService(t)
	eve := s.newAdmin(t, "eve@example.org")
	other := webtest.Read[grant](s.signIn(t, "eve@example.org", "correct horse"), http.StatusOK)
	s.ask(t, http.MethodGet, "/profile/mine", "", as(eve)).Expect(http.StatusOK)
	s.ask(t, http.MethodDelete, "/sessions", "", as(other)).Expect(http.StatusNoContent)
	for operation, body := range lasting(eve) {
		method, path, _ := strings.Cut(operation, " ")
		refused(t, s.ask(t, method, path, body, as(eve)), errs.Unauthenticated, "")
	}
	if !s.active(t, other) {
		t.Error("the session that ended the others has ended")
	}
}

// lasting has an operation of each kind that changes what lasts, with its body.
func lasting(g grant) map[string]string {
	return map[string]string{
		"POST /apikeys":                      shopKey,
		"PUT /users/" + g.User.ID + "/roles": `{"roles": ["ADMIN", "STAFF"]}`,
		"PUT /password":                      `{"current": "correct horse", "new": "battery staple"}`,
		"PATCH /profile/mine":                `{"name": "Eve"}`,
		"POST /profile/mine/data":            forData,
		"DELETE /sessions":                   "",
		"DELETE /sessions/" + ids.New():      "",
		"DELETE /apikeys/" + ids.New():       "",
	}
}

// A session ends while its request runs: after the first check, and before anything is written.
func TestAuthority_isAskedAgainBeforeAWrite(t *testing.T) {
	for operation, body := range lasting(grant{}) {
		if strings.HasPrefix(operation, "DELETE /sessions/") || strings.HasPrefix(operation, "DELETE /apikeys/") {
			continue // of things that do not exist
		}
		t.Run(operation, func(t *testing.T) {
			s := newService(t)
			eve := s.newAdmin(t, "eve@example.org")
			method, path, _ := strings.Cut(strings.Replace(operation, "//", "/"+eve.User.ID+"/", 1), " ")
			account := s.states.Value("auth-store", "account:"+eve.User.ID)
			s.afterChecks(t, eve, 1)
			refused(t, s.ask(t, method, path, body, as(eve)), errs.Unauthenticated, "")
			if now := s.states.Value("auth-store", "account:"+eve.User.ID); now != account {
				t.Errorf("%s became %s", account, now)
			}
			if keys := s.states.Keys("auth-store", "apikey:"); len(keys) != 1 {
				t.Errorf("there are %v", keys)
			}
		})
	}
}

// afterChecks ends the session of a grant after it was read so many times.
func (s service) afterChecks(t *testing.T, g grant, reads int) {
	t.Helper()
	must.Get(s.verifier.Verify(t.Context(), g.AccessToken))(t) // remembered: it reads nothing from now on
	id := must.Get(s.tokens.Verify(t.Context(), g.AccessToken))(t).SessionID
	s.states.After = func(operation, key string) error {
		if operation != "get" || key != "session:"+id {
			return nil
		}
		if reads--; reads == 0 {
			s.states.Drop("auth-store", key)
		}
		return nil
	}
}

// deletedAtOnce deletes the accounts of the only two ADMINs. The request of the first finds that it is the last one who stays, and is about
// to open its account again: then another process carries on both deletions, and finds that the second one stays. It is there when the
// request ends, or has erased the first account before.
func (s service) deletedAtOnce(t *testing.T, first, second grant, erased bool) *webtest.Answer {
	t.Helper()
	var dead atomic.Bool // whose request deletes the second account
	var saves atomic.Int64
	opening, resume, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(resume) })
	s.states.Before = func(operation, key string) error {
		switch {
		case key == "group:admins" && dead.Load():
			return status.Error(codes.Unavailable, "down")
		case operation != "save":
			return nil
		case key == "account:"+second.User.ID && saves.Load() == 1:
			dead.Store(true)
			return nil
		case key != "account:"+first.User.ID:
			return nil
		}
		switch saves.Add(1) {
		case 1: // about to be closed
			s.deleteOwn(t, second, ownPassword)
			dead.Store(false)
		case 2: // about to be opened again
			close(opening)
			<-resume
		case 3: // about to be erased
			if !erased {
				release()
				<-ended
			}
		}
		return nil
	}
	var answer *webtest.Answer
	go func() {
		defer close(ended)
		answer = s.deleteOwn(t, first, ownPassword)
	}()
	<-opening
	must.Do(t, s.deletions.CatchUp(t.Context()))
	release()
	<-ended
	s.states.Before = nil
	return answer
}

func TestDeletion_ofTheLastTwoAdminsAtOnce(t *testing.T) {
	for _, erased := range []bool{false, true} {
		s := newService(t)
		first, second := s.newAdmin(t, "a@example.org"), s.newAdmin(t, "b@example.org")
		if first.User.ID < second.User.ID { // the other process opens the second account first
			first, second = second, first
		}
		answer, stay := s.deletedAtOnce(t, first, second, erased), []string{second.User.ID}
		if erased {
			answer.Expect(http.StatusAccepted)
		} else {
			refused(t, answer, errs.Conflict, "")
			stay = append(stay, first.User.ID)
		}
		if left := must.Get(s.admins.List(t.Context()))(t); !slices.Equal(slices.Sorted(slices.Values(left)), stay) {
			t.Errorf("the admins are %v, want %v", left, stay)
		}
		if !s.active(t, second) || s.active(t, first) == erased {
			t.Errorf("active are %t and %t", s.active(t, first), s.active(t, second))
		}
	}
}
