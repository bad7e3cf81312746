package handlers_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

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
	admin, ada, ben := s.newAdmin(t, "admin@example.org"), s.signUp(t, "ada@example.org"), s.signUp(t, "ben@example.org")
	webtest.Read[map[string]any](s.setRoles(t, admin, ada.User.ID, `["AUTHOR"]`), http.StatusOK)
	fetchAs := func(g grant) *webtest.Answer { return s.ask(t, http.MethodPost, "/profile/mine/data/fetch", "", as(g)) }
	fetch := func() *webtest.Answer { return fetchAs(ada) }
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
	refused(t, fetchAs(ben), errs.NotFound, "")
	refused(t, fetchAs(admin), errs.NotFound, "")
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
		if piece.Data["accountId"] == admin.User.ID && (piece.Data["address"] != "" || piece.Data["network"] != "") {
			t.Errorf("it says where an ADMIN was: %v", piece)
		}
	}
	if kinds["auth account"] != 1 || kinds["auth session"] != 1 || kinds["auth audit"] == 0 || kinds["order order"] != 2 {
		t.Errorf("got %v", kinds)
	}
	refused(t, fetch(), errs.Conflict, "")
	refused(t, request(forData), errs.RateLimited, "")
	must.Do(t, s.archives.Collect(t.Context()))
	if left := s.states.Keys("auth-store", "archive-page:"); len(left) > 0 {
		t.Errorf("left is %v", left)
	}
}

// Two requests fetch the archive at the same moment: one gets it.
func TestMyData_isFetchedByOneRequest(t *testing.T) {
	s := newService(t)
	ada := s.signUp(t, "ada@example.org")
	s.ask(t, http.MethodPost, "/profile/mine/data", forData, as(ada)).Expect(http.StatusAccepted)
	must.Do(t, s.archives.Collect(t.Context()))
	var all sync.WaitGroup
	var answers [5]*webtest.Answer
	for i := range answers {
		all.Go(func() { answers[i] = s.ask(t, http.MethodPost, "/profile/mine/data/fetch", "", as(ada)) })
	}
	all.Wait()
	got := map[int]int{}
	for _, answer := range answers {
		got[answer.Code]++
	}
	if got[http.StatusOK] != 1 || got[http.StatusConflict] != 4 {
		t.Errorf("got %v", got)
	}
}

// An archive that nobody fetches is gone after a day, and another one takes its place.
func TestMyData_waitsForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		ada := s.signUp(t, "ada@example.org")
		ask := func() {
			s.ask(t, http.MethodPost, "/profile/mine/data", forData, as(ada)).Expect(http.StatusAccepted)
			must.Do(t, s.archives.Collect(t.Context()))
		}
		ask()
		pages := s.states.Keys("auth-store", "archive-page:")
		time.Sleep(25 * time.Hour)
		ada = webtest.Read[grant](s.signIn(t, "ada@example.org", "correct horse"), http.StatusOK)
		if got := s.stateOfData(t, ada); got != "none" {
			t.Errorf("the state is %s", got)
		}
		refused(t, s.ask(t, http.MethodPost, "/profile/mine/data/fetch", "", as(ada)), errs.NotFound, "")
		s.states.Before = func(operation, key string) error {
			if operation == "delete" && s.stateOfData(t, ada) == "none" {
				t.Errorf("the request removes %s", key)
			}
			return nil
		}
		ask()
		for _, page := range s.states.Keys("auth-store", "archive-page:") {
			if slices.Contains(pages, page) {
				t.Errorf("%s is still there", page)
			}
		}
		if got := s.stateOfData(t, ada); got != "ready" {
			t.Errorf("the state is %s", got)
		}
	})
}

// The account is deleted while its data is collected, and auth may die before it has removed what it stored meanwhile.
func TestMyData_isNotCollectedForTheDeleted(t *testing.T) {
	for _, dies := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newService(t)
			ada := s.signUp(t, "ada@example.org")
			s.ask(t, http.MethodPost, "/profile/mine/data", forData, as(ada)).Expect(http.StatusAccepted)
			s.shop.asked = func() {
				s.shop.asked = nil
				s.deleteOwn(t, ada, ownPassword).Expect(http.StatusAccepted)
				s.states.Before = func(operation, key string) error {
					if dies && operation == "get" && key == "archive:"+ada.User.ID {
						return status.Error(codes.Unavailable, "down")
					}
					return nil
				}
			}
			if err := s.archives.Collect(t.Context()); (err != nil) != dies {
				t.Errorf("got %v", err)
			}
			s.states.Before = nil
			must.Do(t, s.archives.Collect(t.Context()))
			if left := s.states.Keys("auth-store", "archive-page:"); len(left) > 0 {
				t.Errorf("left is %v", left)
			}
			time.Sleep(2 * time.Minute)
			must.Do(t, s.archives.Collect(t.Context()))
			if listed := s.states.Value("auth-store", "unfinished:archives"); strings.Contains(listed, ada.User.ID) {
				t.Errorf("it is still on the list: %s", listed)
			}
		})
	}
}

func TestMyData_goesWithTheAccount(t *testing.T) {
	s := newService(t)
	ada := s.signUp(t, "ada@example.org")
	s.ask(t, http.MethodPost, "/profile/mine/data", forData, as(ada)).Expect(http.StatusAccepted)
	must.Do(t, s.archives.Collect(t.Context()))
	s.deleteOwn(t, ada, ownPassword).Expect(http.StatusAccepted)
	must.Do(t, s.archives.Collect(t.Context()))
	s.expectErased(t, "ada@example.org")
	if left := s.states.Keys("auth-store", "archive-page:"); len(left) > 0 {
		t.Errorf("left is %v", left)
	}
}

// A page cannot be read, or the client goes away: the owner has not got the archive, and can fetch it again.
func TestMyData_isFetchedAgainIfItsEndWasMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		ada := s.signUp(t, "ada@example.org")
		s.ask(t, http.MethodPost, "/profile/mine/data", forData, as(ada)).Expect(http.StatusAccepted)
		must.Do(t, s.archives.Collect(t.Context()))
		fetch := func() *webtest.Answer { return s.ask(t, http.MethodPost, "/profile/mine/data/fetch", "", as(ada)) }
		s.states.Before = func(operation, key string) error {
			if operation == "get" && strings.HasPrefix(key, "archive-page:") && strings.HasSuffix(key, ".2") {
				return status.Error(codes.Unavailable, "down")
			}
			return nil
		}
		if answer := fetch(); strings.HasSuffix(answer.Body.String(), "]}\n") {
			t.Errorf("it looks complete: %s", answer.Body)
		}
		s.states.Before = nil
		must.Do(t, s.archives.Collect(t.Context()))
		if got := s.stateOfData(t, ada); got != "ready" {
			t.Errorf("the state is %s", got)
		}
		refused(t, fetch(), errs.Conflict, "") // somebody may be fetching it
		time.Sleep(20 * time.Second)
		if got := webtest.Read[myData](fetch(), http.StatusOK); len(got.Data) < 4 {
			t.Errorf("got %v", got)
		}
		refused(t, fetch(), errs.Conflict, "")
	})
}

// The pages of a large archive are removed in the background: no request takes longer for them.
func TestMyData_isRemovedByNoRequest(t *testing.T) {
	s := newService(t)
	ada, ben := s.signUp(t, "ada@example.org"), s.signUp(t, "ben@example.org")
	for _, g := range []grant{ada, ben} {
		s.ask(t, http.MethodPost, "/profile/mine/data", forData, as(g)).Expect(http.StatusAccepted)
	}
	must.Do(t, s.archives.Collect(t.Context()))
	stored := len(s.states.Keys("auth-store", "archive-page:"))
	s.ask(t, http.MethodPost, "/profile/mine/data/fetch", "", as(ada)).Expect(http.StatusOK)
	s.deleteOwn(t, ben, ownPassword).Expect(http.StatusAccepted)
	if left := len(s.states.Keys("auth-store", "archive-page:")); left != stored {
		t.Errorf("%d of %d pages are left", left, stored)
	}
	must.Do(t, s.archives.Collect(t.Context()))
	if left := s.states.Keys("auth-store", "archive-page:"); len(left) > 0 {
		t.Errorf("left is %v", left)
	}
}

// A service looks through what it keeps about everybody, and finds nothing for a long time.
func TestMyData_needsNoDocumentForEachPageWithoutAnything(t *testing.T) {
	s := newService(t)
	ada := s.signUp(t, "ada@example.org")
	s.ask(t, http.MethodPost, "/profile/mine/data", forData, as(ada)).Expect(http.StatusAccepted)
	s.shop.empty = 2000
	must.Do(t, s.archives.Collect(t.Context()))
	if got := s.stateOfData(t, ada); got != "ready" {
		t.Errorf("the state is %s", got)
	}
	if pages := s.states.Keys("auth-store", "archive-page:"); len(pages) > 30 {
		t.Errorf("there are %d pages", len(pages))
	}
	found := webtest.Read[myData](s.ask(t, http.MethodPost, "/profile/mine/data/fetch", "", as(ada)), http.StatusOK)
	orders := 0
	for _, piece := range found.Data {
		if piece.Service == "order" {
			orders++
		}
	}
	if orders != 2 {
		t.Errorf("it has %d orders", orders)
	}
}

// Somebody with a slow line takes longer for an archive than any other request may take.
func TestMyData_isFetchedSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		ada := s.signUp(t, "ada@example.org")
		s.ask(t, http.MethodPost, "/profile/mine/data", forData, as(ada)).Expect(http.StatusAccepted)
		must.Do(t, s.archives.Collect(t.Context()))
		s.states.After = func(operation, key string) error {
			if operation == "get" && strings.HasPrefix(key, "archive-page:") {
				time.Sleep(6 * time.Second)
			}
			return nil
		}
		webtest.Read[myData](s.ask(t, http.MethodPost, "/profile/mine/data/fetch", "", as(ada)), http.StatusOK)
		if got := s.stateOfData(t, ada); got != "fetched" {
			t.Errorf("the state is %s", got)
		}
	})
}
