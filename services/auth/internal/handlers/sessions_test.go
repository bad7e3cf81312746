package handlers_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
	"stoa/pkg/common/web/webtest"
	"stoa/services/auth/internal/domain"
)

// signUp makes an account and signs in to it.
func (s service) signUp(t *testing.T, email string) grant {
	t.Helper()
	answer := s.ask(t, http.MethodPost, "/signup/basic", signUpBody(email, "correct horse", "Ada"))
	return webtest.Read[grant](answer, http.StatusCreated)
}

// signIn tries to sign in.
func (s service) signIn(t *testing.T, email, password string, headers ...string) *webtest.Answer {
	t.Helper()
	body := fmt.Sprintf(`{"email": %q, "password": %q}`, email, password)
	return s.ask(t, http.MethodPost, "/signin/basic", body, headers...)
}

// as is the header of a request with this grant.
func as(g grant) string { return "Authorization: Bearer " + g.AccessToken }

// active reports whether the session of an access token is active.
func (s service) active(t *testing.T, g grant) bool {
	t.Helper()
	caller := must.Get(s.tokens.Verify(t.Context(), g.AccessToken))(t)
	answer := s.Do(t, webtest.Request{Path: "/internal/sessions/" + caller.SessionID})
	if answer.Code != http.StatusNotFound {
		answer.Expect(http.StatusOK)
	}
	return answer.Code == http.StatusOK
}

func (s service) refresh(t *testing.T, token string) *webtest.Answer {
	t.Helper()
	return s.ask(t, http.MethodPost, "/token/refresh", `{"refreshToken": "`+token+`"}`)
}

func TestRefresh_rotates(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "ada@example.org")
	next := webtest.Read[grant](s.refresh(t, up.RefreshToken), http.StatusOK)
	if next.RefreshToken == up.RefreshToken || next.User.ID != up.User.ID || next.ExpiresIn != 900 {
		t.Errorf("got %+v", next)
	}
	if !s.active(t, next) {
		t.Error("the session has ended")
	}
	// At once, it is a repeated request; later, it is a copy.
	refused(t, s.refresh(t, up.RefreshToken), errs.Conflict, "")
	again := webtest.Read[grant](s.refresh(t, next.RefreshToken), http.StatusOK)
	refused(t, s.refresh(t, up.RefreshToken), errs.Unauthenticated, "")
	refused(t, s.refresh(t, again.RefreshToken), errs.Unauthenticated, "")
	if s.active(t, again) {
		t.Error("a reused token ends its session")
	}
	if got := s.bus.Types(); !slices.Equal(got, []string{"account.registered.v1", "account.sessions_revoked.v1"}) {
		t.Errorf("published: %v", got)
	}
}

func TestRefresh_succeedsOnceOfMany(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "ada@example.org")
	answers := webtest.Together(50, func(int) *webtest.Answer { return s.refresh(t, up.RefreshToken) })
	var won []grant
	for _, answer := range answers {
		if answer.Code == http.StatusOK {
			won = append(won, webtest.Read[grant](answer, http.StatusOK))
		} else {
			refused(t, answer, errs.Conflict, "")
		}
	}
	if len(won) != 1 || !s.active(t, won[0]) {
		t.Fatalf("%d winners", len(won))
	}
	webtest.Read[grant](s.refresh(t, won[0].RefreshToken), http.StatusOK)
}

func TestRefresh_refusesMalformedTokens(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "ada@example.org")
	id, secret, _ := strings.Cut(up.RefreshToken, ".")
	for _, token := range []string{
		"x", id, id + ".", id + "." + secret[:43], id + "." + strings.Repeat("A", 86), ids.New() + "." + secret, "a||b." + secret,
		up.AccessToken,
	} {
		refused(t, s.refresh(t, token), errs.Unauthenticated, "")
	}
	webtest.Read[grant](s.refresh(t, up.RefreshToken), http.StatusOK)
}

func TestSessions_areListedAndEnded(t *testing.T) {
	s := newService(t)
	up, other := s.signUp(t, "ada@example.org"), s.signUp(t, "eve@example.org")
	var mine []grant
	for range 4 {
		mine = append(mine, webtest.Read[grant](s.signIn(t, "ada@example.org", "correct horse",
			"X-Forwarded-For: 10.0.0.1, 192.0.2.7", "User-Agent: curl/8"), http.StatusOK))
	}
	list := func(query string) web.Listing[map[string]any] {
		return webtest.Read[web.Listing[map[string]any]](s.ask(t, http.MethodGet, "/sessions"+query, "", as(mine[3])), http.StatusOK)
	}
	first := list("?limit=2")
	if len(first.Items) != 2 || first.Items[0]["current"] != true || first.Items[0]["address"] != "192.0.2.7" ||
		first.Items[0]["userAgent"] != "curl/8" || first.Items[1]["current"] != false {
		t.Fatalf("got %v", first)
	}
	if keys := slices.Sorted(maps.Keys(first.Items[0])); len(keys) != 7 {
		t.Errorf("a session shows %v", keys)
	}
	rest := list("?limit=100&cursor=" + first.Next)
	if len(rest.Items) != 3 || rest.Next != "" {
		t.Errorf("got %v", rest)
	}
	refused(t, s.ask(t, http.MethodGet, "/sessions?cursor=x", "", as(up)), errs.Invalid, "cursor")

	// One by its id, but not one of another account.
	path := "/sessions/" + first.Items[1]["id"].(string)
	foreign, unknown := s.ask(t, http.MethodDelete, path, "", as(other)), s.ask(t, http.MethodDelete, "/sessions/"+ids.New(), "", as(other))
	refused(t, foreign, errs.NotFound, "")
	if foreign.Body.String() != unknown.Body.String() {
		t.Errorf("another account: %s; unknown: %s", foreign.Body, unknown.Body)
	}
	s.ask(t, http.MethodDelete, path, "", as(mine[3])).Expect(http.StatusNoContent)
	refused(t, s.ask(t, http.MethodDelete, path, "", as(mine[3])), errs.NotFound, "")
	refused(t, s.refresh(t, mine[2].RefreshToken), errs.Unauthenticated, "")

	// The current one, twice.
	for range 2 {
		s.ask(t, http.MethodDelete, "/signout", "", as(mine[1])).Expect(http.StatusNoContent)
	}
	if s.active(t, mine[1]) || s.active(t, mine[2]) || !s.active(t, mine[0]) {
		t.Error("only these two sessions must end")
	}

	// All the others.
	s.ask(t, http.MethodDelete, "/sessions", "", as(mine[3])).Expect(http.StatusNoContent)
	if !s.active(t, mine[3]) || s.active(t, mine[0]) || s.active(t, up) || !s.active(t, other) {
		t.Error("only the other sessions of this account must end")
	}
	if left := list(""); len(left.Items) != 1 || left.Items[0]["current"] != true {
		t.Errorf("left are %v", left)
	}
}

func TestSessions_areAHundredAtMost(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "ada@example.org")
	account := must.Get(s.accounts.Get(t.Context(), up.User.ID))(t)
	// Without the work of a hundred sign-ins.
	for range domain.MaxSessions {
		session, _ := domain.NewSession(ids.New(), account, domain.Client{}, time.Now())
		must.Do(t, s.sessions.Add(t.Context(), account, session))
	}
	if s.active(t, up) {
		t.Error("the oldest session is active")
	}
	if sessions, err := s.sessions.Of(t.Context(), up.User.ID); err != nil || len(sessions) != domain.MaxSessions {
		t.Errorf("%d sessions, %v", len(sessions), err)
	}
}

func TestPassword_changeEndsTheOtherSessions(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "ada@example.org")
	here := webtest.Read[grant](s.signIn(t, "ada@example.org", "correct horse"), http.StatusOK)
	change := func(current, chosen string) *webtest.Answer {
		return s.ask(t, http.MethodPut, "/password", fmt.Sprintf(`{"current": %q, "new": %q}`, current, chosen), as(here))
	}
	refused(t, change("wrong horse", "battery staple"), errs.Invalid, "current")
	refused(t, change("correct horse", "short"), errs.Invalid, "new")
	refused(t, change("correct horse", strings.Repeat("é", 51)), errs.Invalid, "new")
	refused(t, change("correct horse", "correct horse"), errs.Invalid, "new")
	change("correct horse", "battery staple").Expect(http.StatusNoContent)
	if s.active(t, up) || !s.active(t, here) {
		t.Error("the other session must end, and this one stay active")
	}
	webtest.Read[grant](s.refresh(t, here.RefreshToken), http.StatusOK)
	refused(t, s.refresh(t, up.RefreshToken), errs.Unauthenticated, "")
	refused(t, s.signIn(t, "ada@example.org", "correct horse"), errs.Unauthenticated, "")
	webtest.Read[grant](s.signIn(t, "ada@example.org", "battery staple"), http.StatusOK)
	if got := s.bus.Types(); !slices.Equal(got, []string{"account.registered.v1", "account.password_changed.v1"}) {
		t.Errorf("published: %v", got)
	}
}

func TestProfiles_changeAndShow(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "ada@example.org")
	patch := func(body string) *webtest.Answer {
		return s.ask(t, http.MethodPatch, "/profile/mine", body, as(up))
	}
	const picture = "https://example.org/ada.png"
	mine := webtest.Read[map[string]any](patch(`{"name": " Countess ", "profilePicUrl": "`+picture+`"}`), http.StatusOK)
	if mine["name"] != "Countess" || mine["profilePicUrl"] != picture || mine["email"] != "ada@example.org" {
		t.Errorf("got %v", mine)
	}
	webtest.Read[map[string]any](patch(`{"name": "Ada"}`), http.StatusOK)
	for field, body := range map[string]string{
		"roles": `{"roles": ["ADMIN"]}`, "id": `{"id": "x"}`, "email": `{"email": "eve@example.org"}`, "name": `{"name": "\u0000\u0000"}`,
		"profilePicUrl": `{"profilePicUrl": "javascript:alert(1)"}`, "passwordHash": `{"name": "Eve", "passwordHash": "x"}`,
	} {
		refused(t, patch(body), errs.Invalid, field)
	}
	answer := s.ask(t, http.MethodGet, "/profile/id/"+up.User.ID, "")
	public := webtest.Read[map[string]any](answer, http.StatusOK)
	if want := map[string]any{"id": up.User.ID, "name": "Ada", "profilePicUrl": picture}; !maps.Equal(public, want) {
		t.Errorf("the public profile is %v", public)
	}
	if got := answer.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control is %q", got)
	}
	refused(t, s.ask(t, http.MethodGet, "/profile/id/"+ids.New(), ""), errs.NotFound, "")
	refused(t, s.ask(t, http.MethodGet, "/profile/id/a%7C%7Cb", ""), errs.Invalid, "id")
	if without := webtest.Read[map[string]any](patch(`{"profilePicUrl": ""}`), http.StatusOK); without["profilePicUrl"] != nil {
		t.Errorf("got %v", without)
	}
}

func TestLiveness_ofASession(t *testing.T) {
	s := newService(t)
	up := webtest.Read[grant](s.ask(t, http.MethodPost, "/signup/basic", adaSignsUp), http.StatusCreated)
	caller := must.Get(s.verifier.Verify(t.Context(), up.AccessToken))(t)
	path := "/internal/sessions/" + caller.SessionID
	alive := webtest.Read[struct {
		AccountID string
		Roles     []string
	}](s.Do(t, webtest.Request{Path: path}), http.StatusOK)
	if alive.AccountID != up.User.ID || !slices.Equal(alive.Roles, []string{"LEARNER"}) {
		t.Errorf("got %+v", alive)
	}
	refused(t, s.Do(t, webtest.Request{Path: "/internal/sessions/" + up.User.ID}), errs.NotFound, "")
	refused(t, s.ask(t, http.MethodGet, "/internal/sessions/"+caller.SessionID, ""), errs.NotFound, "")
	s.states.Before = func(string, string) error { return status.Error(codes.Unavailable, "down") }
	refused(t, s.Do(t, webtest.Request{Path: path}), errs.Unavailable, "")
}
