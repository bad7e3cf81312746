package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
)

const forData = `{"password": "correct horse"}`

// myData is an archive as its owner reads it.
type myData struct {
	Data []struct {
		Service, Kind string
		Data          map[string]any
	}
}

func (s service) stateOfData(t *testing.T, g grant) string {
	t.Helper()
	return webtest.Read[struct{ State string }](s.ask(t, http.MethodGet, "/profile/mine/data", "", as(g)), http.StatusOK).State
}

func TestMyData_isCollectedAndFetchedOnce(t *testing.T) {
	s := newService(t)
	ada := s.signUp(t, "ada@example.org")
	fetch := func() *webtest.Answer { return s.ask(t, http.MethodPost, "/profile/mine/data/fetch", "", as(ada)) }
	request := func(body string) *webtest.Answer {
		return s.ask(t, http.MethodPost, "/profile/mine/data", body, as(ada))
	}
	if got := s.stateOfData(t, ada); got != "none" {
		t.Errorf("the state is %s", got)
	}
	refused(t, fetch(), errs.NotFound, "")
	refused(t, request(`{"password": "battery staple"}`), errs.Invalid, "password")
	request(forData).Expect(http.StatusAccepted)
	refused(t, fetch(), errs.Conflict, "")

	s.shop.err = errs.New(errs.Unavailable, "down")
	if s.archives.Collect(t.Context()) == nil || s.stateOfData(t, ada) != "collecting" {
		t.Error("it is complete without orders")
	}
	s.shop.err = nil
	must.Do(t, s.archives.Collect(t.Context()))
	request(forData).Expect(http.StatusAccepted) // changes nothing
	if got := s.stateOfData(t, ada); got != "ready" {
		t.Fatalf("the state is %s", got)
	}
	answer := fetch()
	if strings.Contains(answer.Body.String(), "argon2") {
		t.Error("it has the hash of the password")
	}
	kinds := map[string]int{}
	for _, piece := range webtest.Read[myData](answer, http.StatusOK).Data {
		kinds[piece.Service+" "+piece.Kind]++
		if piece.Kind == "account" && piece.Data["email"] != "ada@example.org" {
			t.Errorf("got %v", piece)
		}
	}
	if kinds["auth account"] != 1 || kinds["auth session"] != 1 || kinds["auth audit"] == 0 || kinds["order order"] != 2 {
		t.Errorf("got %v", kinds)
	}
	refused(t, fetch(), errs.Conflict, "")
	refused(t, request(forData), errs.RateLimited, "")
	if left := s.states.Keys("auth-store", "archive-page:"); len(left) > 0 {
		t.Errorf("left is %v", left)
	}
}

func TestMyData_goesWithTheAccount(t *testing.T) {
	s := newService(t)
	ada := s.signUp(t, "ada@example.org")
	s.ask(t, http.MethodPost, "/profile/mine/data", forData, as(ada)).Expect(http.StatusAccepted)
	must.Do(t, s.archives.Collect(t.Context()))
	s.deleteOwn(t, ada, ownPassword).Expect(http.StatusAccepted)
	s.expectErased(t, "ada@example.org")
	must.Do(t, s.archives.Collect(t.Context()))
	if left := s.states.Keys("auth-store", "archive-page:"); len(left) > 0 {
		t.Errorf("left is %v", left)
	}
}
