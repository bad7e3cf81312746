package handlers_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"stoa/pkg/common/web/webtest"
)

func TestEvents_arePublishedLaterIfTheBrokerIsDown(t *testing.T) {
	for name, later := range map[string]func(t *testing.T, s service){
		"by itself": func(t *testing.T, s service) { t.Helper(); catchUp(t, s) },
		"by the next sign-in": func(t *testing.T, s service) {
			t.Helper()
			webtest.Read[grant](s.signIn(t, "ada@example.org", "battery staple"), http.StatusOK)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			up := s.signUp(t, "ada@example.org")
			s.bus.Before = func(string) error { return errors.New("down") }
			s.ask(t, http.MethodPut, "/password", `{"current": "correct horse", "new": "battery staple"}`, as(up)).Expect(http.StatusNoContent)
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

// An account that cannot be read keeps its events to itself.
func TestEvents_ofOneAccountDoNotHoldUpThoseOfOthers(t *testing.T) {
	s := newService(t)
	eve, ada := s.signUp(t, "eve@example.org"), s.signUp(t, "ada@example.org")
	s.bus.Before = func(string) error { return errors.New("down") }
	for _, up := range []grant{eve, ada} {
		s.ask(t, http.MethodPut, "/password", `{"current": "correct horse", "new": "battery staple"}`, as(up)).Expect(http.StatusNoContent)
	}
	s.bus.Before = nil
	s.states.Drop("auth-store", "account:"+eve.User.ID)
	if s.publisher.CatchUp(t.Context()) == nil {
		t.Error("nobody hears of the account that fails")
	}
	s.expectPublished(t, "registered", "registered", "password_changed")
}

// The broker fails again while the events of an outage are published: right before the account is taken off the list.
func TestEvents_thatComeWhileOthersAreCaughtUpAreNotForgotten(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "ada@example.org")
	change := func(current, chosen string) {
		s.bus.Before = func(string) error { return errors.New("down") }
		s.ask(t, http.MethodPut, "/password", fmt.Sprintf(`{"current": %q, "new": %q}`, current, chosen), as(up)).Expect(http.StatusNoContent)
		s.bus.Before = nil
	}
	change("correct horse", "battery staple")
	s.before("group:overdue", func() { change("battery staple", "correct horse") })
	catchUp(t, s)
	catchUp(t, s)
	s.expectPublished(t, "registered", "password_changed", "password_changed")
}

func catchUp(t *testing.T, s service) {
	t.Helper()
	if err := s.publisher.CatchUp(t.Context()); err != nil {
		t.Error(err)
	}
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

func TestEvents_tellOfAChangedProfile(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "ada@example.org")
	s.bus.Before = func(string) error { return errors.New("down") }
	for _, body := range []string{`{"name": "Ada L."}`, `{"profilePicUrl": "https://example.org/ada.png"}`, `{"name": "Ada L."}`} {
		s.ask(t, http.MethodPatch, "/profile/mine", body, as(up)).Expect(http.StatusOK)
	}
	s.bus.Before = nil
	catchUp(t, s)
	s.expectPublished(t, "registered", "changed")
	var told struct{ Name, ProfilePicURL string }
	event := s.bus.Events()[1]
	if err := json.Unmarshal(event.Data, &told); err != nil || told.Name != "Ada L." || told.ProfilePicURL != "https://example.org/ada.png" {
		t.Errorf("got %s (%v)", event.Data, err)
	}
}

// What others need to know whom to tell: also of the first accounts, which are made when nobody listens yet.
func TestEvents_tellOfRoles(t *testing.T) {
	s := newService(t)
	admin, ada := s.newAdmin(t, "admin@example.org"), s.signUp(t, "ada@example.org")
	s.expectPublished(t, "roles_changed", "registered")
	webtest.Read[map[string]any](s.setRoles(t, admin, ada.User.ID, `["EDITOR"]`), http.StatusOK)
	s.ask(t, http.MethodPatch, "/profile/mine", `{"name": "Ada L."}`, as(ada)).Expect(http.StatusOK)
	s.bus.Before = func(string) error { return errors.New("down") }
	for _, roles := range []string{`["EDITOR","ADMIN"]`, `[]`} {
		webtest.Read[map[string]any](s.setRoles(t, admin, ada.User.ID, roles), http.StatusOK)
	}
	s.bus.Before = nil
	catchUp(t, s)
	s.expectPublished(t, "roles_changed", "registered", "roles_changed", "changed", "roles_changed")
	want := []string{"[LEARNER ADMIN]", "[]", "[LEARNER EDITOR]", "[LEARNER EDITOR]", "[LEARNER]"}
	for i, event := range s.bus.Events() {
		var told struct{ Roles []string }
		if err := json.Unmarshal(event.Data, &told); err != nil || fmt.Sprint(told.Roles) != want[i] {
			t.Errorf("event %d: got %s, want the roles %s (%v)", i, event.Data, want[i], err)
		}
	}
}
