package handlers_test

import (
	"fmt"
	"maps"
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
	"stoa/services/auth/internal/domain"
)

// signUp makes an account and signs in to it.
func (s service) signUp(t *testing.T, email string) grant {
	t.Helper()
	answer := s.ask(http.MethodPost, "/signup/basic", signUpBody(email, "correct horse", "Ada"))
	return read[grant](t, answer, http.StatusCreated)
}

// enter tries to sign in.
func (s service) enter(email, password string, headers ...string) *httptest.ResponseRecorder {
	body := fmt.Sprintf(`{"email": %q, "password": %q}`, email, password)
	return s.ask(http.MethodPost, "/signin/basic", body, headers...)
}

// as is the header with which somebody sends requests.
func as(g grant) string { return "Authorization: Bearer " + g.AccessToken }

// alive reports whether the session of an access token still counts.
func (s service) alive(t *testing.T, g grant) bool {
	t.Helper()
	caller, err := s.tokens.Verify(t.Context(), g.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	answer := s.askAt(http.MethodGet, "/internal/sessions/"+caller.SessionID, "")
	if answer.Code != http.StatusOK && answer.Code != http.StatusNotFound {
		t.Fatalf("got %d %s", answer.Code, answer.Body)
	}
	return answer.Code == http.StatusOK
}

func (s service) refresh(token string) *httptest.ResponseRecorder {
	return s.ask(http.MethodPost, "/token/refresh", `{"refreshToken": "`+token+`"}`)
}

func TestRefreshRotates(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "ada@example.org")
	next := read[grant](t, s.refresh(up.RefreshToken), http.StatusOK)
	if next.RefreshToken == up.RefreshToken || next.User.ID != up.User.ID || next.ExpiresIn != 900 {
		t.Errorf("got %+v", next)
	}
	if !s.alive(t, next) {
		t.Error("the session has ended")
	}
	// At once, it is somebody's second try; later, it is a copy.
	refused(t, s.refresh(up.RefreshToken), errs.Conflict, "")
	again := read[grant](t, s.refresh(next.RefreshToken), http.StatusOK)
	refused(t, s.refresh(up.RefreshToken), errs.Unauthenticated, "")
	refused(t, s.refresh(again.RefreshToken), errs.Unauthenticated, "")
	if s.alive(t, again) {
		t.Error("a reused token ends its session")
	}
	if got := s.bus.Types(); !slices.Equal(got, []string{"account.registered.v1", "account.sessions_revoked.v1"}) {
		t.Errorf("published: %v", got)
	}
}

func TestATokenOfYesterdayIsACopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		up := s.signUp(t, "ada@example.org")
		next := read[grant](t, s.refresh(up.RefreshToken), http.StatusOK)
		time.Sleep(24 * time.Hour)
		refused(t, s.refresh(up.RefreshToken), errs.Unauthenticated, "")
		refused(t, s.refresh(next.RefreshToken), errs.Unauthenticated, "")
	})
}

func TestOneOfManyRefreshesWinsAndItsSessionLives(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "ada@example.org")
	answers := make([]*httptest.ResponseRecorder, 50)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = s.refresh(up.RefreshToken) })
	}
	all.Wait()
	var won []grant
	for _, answer := range answers {
		if answer.Code == http.StatusOK {
			won = append(won, read[grant](t, answer, http.StatusOK))
		} else {
			refused(t, answer, errs.Conflict, "")
		}
	}
	if len(won) != 1 || !s.alive(t, won[0]) {
		t.Fatalf("%d winners", len(won))
	}
	read[grant](t, s.refresh(won[0].RefreshToken), http.StatusOK)
}

func TestGarbageIsNoRefreshToken(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "ada@example.org")
	id, secret, _ := strings.Cut(up.RefreshToken, ".")
	for _, token := range []string{
		"x", id, id + ".", id + "." + secret[:43], id + "." + strings.Repeat("A", 86), ids.New() + "." + secret, "a||b." + secret,
		up.AccessToken,
	} {
		refused(t, s.refresh(token), errs.Unauthenticated, "")
	}
	read[grant](t, s.refresh(up.RefreshToken), http.StatusOK)
}

func TestSignOutAndEndingSessions(t *testing.T) {
	s := newService(t)
	up, other := s.signUp(t, "ada@example.org"), s.signUp(t, "eve@example.org")
	var mine []grant
	for range 4 {
		mine = append(mine, read[grant](t, s.enter("ada@example.org", "correct horse",
			"X-Forwarded-For: 10.0.0.1, 192.0.2.7", "User-Agent: curl/8"), http.StatusOK))
	}
	type page struct {
		Items []map[string]any
		Next  string
	}
	list := func(query string) page {
		return read[page](t, s.ask(http.MethodGet, "/sessions"+query, "", as(mine[3])), http.StatusOK)
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
	refused(t, s.ask(http.MethodGet, "/sessions?cursor=x", "", as(up)), errs.Invalid, "cursor")

	// One by its id, but nobody else's.
	path := "/sessions/" + first.Items[1]["id"].(string)
	foreign, unknown := s.ask(http.MethodDelete, path, "", as(other)), s.ask(http.MethodDelete, "/sessions/"+ids.New(), "", as(other))
	refused(t, foreign, errs.NotFound, "")
	if foreign.Body.String() != unknown.Body.String() {
		t.Errorf("somebody else's: %s; unknown: %s", foreign.Body, unknown.Body)
	}
	if answer := s.ask(http.MethodDelete, path, "", as(mine[3])); answer.Code != http.StatusNoContent || s.alive(t, mine[2]) {
		t.Errorf("got %d, alive: %v", answer.Code, s.alive(t, mine[2]))
	}
	refused(t, s.ask(http.MethodDelete, path, "", as(mine[3])), errs.NotFound, "")
	refused(t, s.refresh(mine[2].RefreshToken), errs.Unauthenticated, "")

	// One's own, twice.
	for range 2 {
		if answer := s.ask(http.MethodDelete, "/signout", "", as(mine[1])); answer.Code != http.StatusNoContent || s.alive(t, mine[1]) {
			t.Errorf("got %d, alive: %v", answer.Code, s.alive(t, mine[1]))
		}
	}

	// All the others.
	if answer := s.ask(http.MethodDelete, "/sessions", "", as(mine[3])); answer.Code != http.StatusNoContent {
		t.Errorf("got %d %s", answer.Code, answer.Body)
	}
	if !s.alive(t, mine[3]) || s.alive(t, mine[0]) || s.alive(t, up) || !s.alive(t, other) {
		t.Error("the one that asked lives, the others ended, and nobody else's")
	}
	if left := list(""); len(left.Items) != 1 || left.Items[0]["current"] != true {
		t.Errorf("left are %v", left)
	}
}

func TestAnAccountHasAHundredSessionsAtMost(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "ada@example.org")
	account, err := s.accounts.Get(t.Context(), up.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	// Without the work that a hundred sign-ins are.
	for range domain.MaxSessions {
		session, _ := domain.NewSession(ids.New(), account, domain.Client{}, time.Now())
		if err := s.sessions.Add(t.Context(), session); err != nil {
			t.Fatal(err)
		}
	}
	if s.alive(t, up) {
		t.Error("the oldest session lives")
	}
	if sessions, err := s.sessions.Of(t.Context(), up.User.ID); err != nil || len(sessions) != domain.MaxSessions {
		t.Errorf("%d sessions, %v", len(sessions), err)
	}
}

func TestChangingThePasswordEndsTheOtherSessions(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "ada@example.org")
	here := read[grant](t, s.enter("ada@example.org", "correct horse"), http.StatusOK)
	change := func(current, chosen string) *httptest.ResponseRecorder {
		return s.ask(http.MethodPut, "/password", fmt.Sprintf(`{"current": %q, "new": %q}`, current, chosen), as(here))
	}
	refused(t, change("wrong horse", "battery staple"), errs.Invalid, "current")
	refused(t, change("correct horse", "short"), errs.Invalid, "new")
	refused(t, change("correct horse", strings.Repeat("é", 51)), errs.Invalid, "new")
	refused(t, change("correct horse", "correct horse"), errs.Invalid, "new")
	if answer := change("correct horse", "battery staple"); answer.Code != http.StatusNoContent {
		t.Fatalf("got %d %s", answer.Code, answer.Body)
	}
	if s.alive(t, up) || !s.alive(t, here) {
		t.Error("the other session ends, the own one goes on")
	}
	read[grant](t, s.refresh(here.RefreshToken), http.StatusOK)
	refused(t, s.refresh(up.RefreshToken), errs.Unauthenticated, "")
	refused(t, s.enter("ada@example.org", "correct horse"), errs.Unauthenticated, "")
	read[grant](t, s.enter("ada@example.org", "battery staple"), http.StatusOK)
	if got := s.bus.Types(); !slices.Equal(got, []string{"account.registered.v1", "account.password_changed.v1"}) {
		t.Errorf("published: %v", got)
	}
}

func TestProfiles(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "ada@example.org")
	patch := func(body string) *httptest.ResponseRecorder {
		return s.ask(http.MethodPatch, "/profile/mine", body, as(up))
	}
	const picture = "https://example.org/ada.png"
	mine := read[map[string]any](t, patch(`{"name": " Countess ", "profilePicUrl": "`+picture+`"}`), http.StatusOK)
	if mine["name"] != "Countess" || mine["profilePicUrl"] != picture || mine["email"] != "ada@example.org" {
		t.Errorf("got %v", mine)
	}
	read[map[string]any](t, patch(`{"name": "Ada"}`), http.StatusOK)
	for field, body := range map[string]string{
		"roles": `{"roles": ["ADMIN"]}`, "id": `{"id": "x"}`, "email": `{"email": "eve@example.org"}`, "name": `{"name": "\u0000\u0000"}`,
		"profilePicUrl": `{"profilePicUrl": "javascript:alert(1)"}`, "passwordHash": `{"name": "Eve", "passwordHash": "x"}`,
	} {
		refused(t, patch(body), errs.Invalid, field)
	}
	answer := s.ask(http.MethodGet, "/profile/id/"+up.User.ID, "")
	public := read[map[string]any](t, answer, http.StatusOK)
	if want := map[string]any{"id": up.User.ID, "name": "Ada", "profilePicUrl": picture}; !maps.Equal(public, want) {
		t.Errorf("everybody sees %v", public)
	}
	if got := answer.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control is %q", got)
	}
	for _, id := range []string{ids.New(), "x", "a%7C%7Cb"} {
		refused(t, s.ask(http.MethodGet, "/profile/id/"+id, ""), errs.NotFound, "")
	}
	if without := read[map[string]any](t, patch(`{"profilePicUrl": ""}`), http.StatusOK); without["profilePicUrl"] != nil {
		t.Errorf("got %v", without)
	}
}
