package handlers_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/services/auth/internal/domain"
)

// openOrders is order-api: the orders that are not shipped, the same for every account.
type openOrders struct {
	open []string
	err  error
	// asked is called when somebody wants to know what is stored.
	asked func()
	// empty is how many pages without anything come first.
	empty int
}

func (o *openOrders) OpenOf(context.Context, string) ([]string, error) { return o.open, o.err }

// Page returns pages without anything, and two of an order each.
func (o *openOrders) Page(_ context.Context, accountID, cursor string) (domain.ArchivePage, error) {
	if o.asked != nil {
		o.asked()
	}
	if at, _ := strconv.Atoi(cursor); at < o.empty && cursor != "last" {
		return domain.ArchivePage{Next: strconv.Itoa(at + 1)}, o.err
	}
	next := ""
	if cursor != "last" {
		next = "last"
	}
	data, _ := json.Marshal(map[string]string{"id": accountID, "cursor": cursor}) // strings always marshal
	return domain.ArchivePage{Pieces: []domain.Piece{{Service: "order", Kind: "order", Data: data}}, Next: next}, o.err
}

const ownPassword = `{"password": "correct horse", "posts": "keep"}`

func (s service) deleteOwn(t *testing.T, g grant, body string) *webtest.Answer {
	t.Helper()
	return s.ask(t, http.MethodDelete, "/profile/mine", body, as(g))
}

// expectErased fails if anything that is stored or published last tells who it was.
func (s service) expectErased(t *testing.T, told ...string) {
	t.Helper()
	for _, key := range s.states.Keys("auth-store", "") {
		for _, word := range told {
			if value := s.states.Value("auth-store", key); strings.Contains(value, word) {
				t.Errorf("%s still has %s: %s", key, word, value)
			}
		}
	}
	events := s.bus.Events()
	last := events[len(events)-1]
	if last.Type != "account.deleted.v1" || last.Topic != "account-deletions" {
		t.Fatalf("the last event is %s on %s", last.Type, last.Topic)
	}
	for _, word := range told {
		if strings.Contains(string(last.Data), word) {
			t.Errorf("the event has %s: %s", word, last.Data)
		}
	}
}

func TestDeletion_leavesNothingOfTheOwner(t *testing.T) {
	s := newService(t)
	ada := s.signUp(t, "ada@example.org")
	s.ask(t, http.MethodPatch, "/profile/mine", `{"name": "Ada Lovelace", "profilePicUrl": "https://example.org/a.png"}`, as(ada)).
		Expect(http.StatusOK)
	other := webtest.Read[grant](s.signIn(t, "ada@example.org", "correct horse", "User-Agent: Ada's telephone"), http.StatusOK)
	refused(t, s.deleteOwn(t, ada, `{"password": "battery staple", "posts": "keep"}`), errs.Invalid, "password")
	refused(t, s.deleteOwn(t, ada, `{"password": "correct horse"}`), errs.Invalid, "posts")
	s.deleteOwn(t, ada, `{"password": "correct horse", "posts": "delete"}`).Expect(http.StatusAccepted)

	s.expectErased(t, "ada@", "Lovelace", "a.png", "argon2")
	for _, g := range []grant{ada, other} {
		if s.active(t, g) {
			t.Error("a session is still active")
		}
		refused(t, s.refresh(t, g.RefreshToken), errs.Unauthenticated, "")
	}
	refused(t, s.signIn(t, "ada@example.org", "correct horse"), errs.Unauthenticated, "")
	refused(t, s.ask(t, http.MethodGet, "/profile/id/"+ada.User.ID, ""), errs.NotFound, "")
	var told map[string]string
	events := s.bus.Events()
	must.Do(t, json.Unmarshal(events[len(events)-1].Data, &told))
	if told["id"] != ada.User.ID || told["posts"] != "delete" || told["email"] != "" {
		t.Errorf("the event says %v", told)
	}
	if ttl := s.states.TTL("auth-store", "account:"+ada.User.ID); ttl != "2678400" {
		t.Errorf("what is left expires after %q seconds", ttl)
	}
	again := s.signUp(t, "ada@example.org")
	if again.User.ID == ada.User.ID {
		t.Error("a new account has the id of the deleted one")
	}
}

func TestDeletion_isRefusedWhileOrdersAreOpen(t *testing.T) {
	s := newService(t)
	ada := s.signUp(t, "ada@example.org")
	s.shop.open = []string{"order-1", "order-2"}
	answer := s.deleteOwn(t, ada, ownPassword)
	refused(t, answer, errs.Conflict, "cancelOrders")
	if !strings.Contains(answer.Body.String(), "order-1, order-2") || !s.active(t, ada) {
		t.Errorf("got %s", answer.Body)
	}
	got := webtest.Read[struct{ CancelledOrders []string }](
		s.deleteOwn(t, ada, `{"password": "correct horse", "posts": "keep", "cancelOrders": true}`), http.StatusAccepted)
	if !slices.Equal(got.CancelledOrders, s.shop.open) {
		t.Errorf("got %v", got)
	}

	ben := s.signUp(t, "ben@example.org")
	s.shop.err = errs.New(errs.Unavailable, "down")
	refused(t, s.deleteOwn(t, ben, ownPassword), errs.Unavailable, "")
	if !s.active(t, ben) {
		t.Error("the account is closed although nobody knows its orders")
	}
}

func TestDeletion_byAnAdmin(t *testing.T) {
	s := newService(t)
	admin, ada, staff := s.newAdmin(t, "admin@example.org"), s.signUp(t, "ada@example.org"), s.signUp(t, "staff@example.org")
	webtest.Read[map[string]any](s.setRoles(t, admin, staff.User.ID, `["STAFF"]`), http.StatusOK)
	del := func(by grant, id string) *webtest.Answer {
		return s.ask(t, http.MethodDelete, "/users/"+id, `{"posts": "keep"}`, as(by))
	}
	refused(t, del(staff, ada.User.ID), errs.Forbidden, "")
	refused(t, del(admin, admin.User.ID), errs.Conflict, "")
	del(admin, ada.User.ID).Expect(http.StatusAccepted)
	s.expectErased(t, "ada@example.org")
	refused(t, del(admin, ada.User.ID), errs.NotFound, "")
	refused(t, s.setRoles(t, admin, ada.User.ID, `["EDITOR"]`), errs.NotFound, "")
	users := s.ask(t, http.MethodGet, "/users", "", as(admin)).Body.String()
	if strings.Contains(users, ada.User.ID) {
		t.Errorf("a deleted account is listed: %s", users)
	}
}

// The last two ADMINs delete their accounts at the same moment: one is left.
func TestDeletion_leavesAnAdmin(t *testing.T) {
	s := newService(t)
	first, second := s.newAdmin(t, "a@example.org"), s.newAdmin(t, "b@example.org")
	var all sync.WaitGroup
	var answers [2]*webtest.Answer
	for i, g := range []grant{first, second} {
		all.Go(func() { answers[i] = s.deleteOwn(t, g, ownPassword) })
	}
	all.Wait()
	must.Do(t, s.deletions.CatchUp(t.Context()))
	left := must.Get(s.admins.List(t.Context()))(t)
	if len(left) < 1 {
		t.Fatalf("nobody is left: %d, %d", answers[0].Code, answers[1].Code)
	}
	last := map[bool]grant{true: first, false: second}[left[0] == first.User.ID]
	if len(left) == 1 {
		refused(t, s.deleteOwn(t, last, ownPassword), errs.Conflict, "")
	}
	if !s.active(t, last) {
		t.Error("the account of the last ADMIN is closed")
	}
}

// The role is given to an account while it is deleted: it counts for nothing.
func TestDeletion_isNotOutrunByARole(t *testing.T) {
	s := newService(t)
	admin, ada := s.newAdmin(t, "admin@example.org"), s.signUp(t, "ada@example.org")
	s.before("group:admins", func() { s.deleteOwn(t, ada, ownPassword).Expect(http.StatusAccepted) })
	refused(t, s.setRoles(t, admin, ada.User.ID, `["ADMIN"]`), errs.NotFound, "")
	refused(t, s.deleteOwn(t, admin, ownPassword), errs.Conflict, "")
	if left := must.Get(s.admins.List(t.Context()))(t); !slices.Equal(left, []string{admin.User.ID}) {
		t.Errorf("the admins are %v", left)
	}
}

// auth dies before any of its writes, or the store fails there: the schedule, or the same request, comes to the same end.
func TestDeletion_isFinishedWhateverDies(t *testing.T) {
	must.HaveTime(t)
	for died := 1; ; died++ {
		s := newService(t)
		ada := s.signUp(t, "ada@example.org")
		s.ask(t, http.MethodPost, "/profile/mine/data", forData, as(ada)).Expect(http.StatusAccepted)
		must.Do(t, s.archives.Collect(t.Context()))
		writes, failed := 0, false
		s.states.Before = func(operation, _ string) error {
			if operation == "get" {
				return nil
			}
			if writes++; writes >= died {
				failed = true
				return status.Error(codes.Unavailable, "down")
			}
			return nil
		}
		answer := s.deleteOwn(t, ada, ownPassword)
		s.states.Before = nil
		if !failed {
			answer.Expect(http.StatusAccepted)
			return
		}
		must.Do(t, s.deletions.CatchUp(t.Context()))
		if s.active(t, ada) { // it died before the account was closed
			s.deleteOwn(t, ada, ownPassword).Expect(http.StatusAccepted)
		}
		must.Do(t, s.archives.Collect(t.Context()))
		s.expectErased(t, "ada@example.org")
		if left := s.states.Value("auth-store", "unfinished:deletions"); strings.Contains(left, ada.User.ID) {
			t.Errorf("after %d writes it is still on the list: %s", died, left)
		}
		if left := s.states.Keys("auth-store", "archive-page:"); len(left) > 0 {
			t.Errorf("after %d writes, left is %v", died, left)
		}
	}
}

// Once the account is closed, nobody can ask again: the schedule does the rest.
func TestDeletion_isAcceptedOnceTheAccountIsClosed(t *testing.T) {
	s := newService(t)
	ada := s.signUp(t, "ada@example.org")
	closed := false
	s.states.Before = func(operation, key string) error {
		if operation == "save" && key == "account:"+ada.User.ID {
			if closed {
				return status.Error(codes.Unavailable, "down")
			}
			closed = true
		}
		return nil
	}
	s.deleteOwn(t, ada, ownPassword).Expect(http.StatusAccepted)
	s.states.Before = nil
	must.Do(t, s.deletions.CatchUp(t.Context()))
	s.expectErased(t, "ada@example.org")
}

// auth dies after it has put the account on the list, and before it closes it: the schedule strikes it off, but not one that is
// about to be closed.
func TestDeletion_isForgottenIfItDoesNotBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		ada := s.signUp(t, "ada@example.org")
		listed := func() bool {
			must.Do(t, s.deletions.CatchUp(t.Context()))
			return strings.Contains(s.states.Value("auth-store", "unfinished:deletions"), ada.User.ID)
		}
		die := func() {
			s.states.Before = func(operation, key string) error {
				if operation == "save" && key == "account:"+ada.User.ID {
					return status.Error(codes.Unavailable, "down")
				}
				return nil
			}
			refused(t, s.deleteOwn(t, ada, ownPassword), errs.Unavailable, "")
			s.states.Before = nil
		}
		die()
		time.Sleep(50 * time.Second)
		die() // once more
		time.Sleep(50 * time.Second)
		if !listed() {
			t.Error("it was struck off after less than a minute")
		}
		time.Sleep(20 * time.Second)
		if listed() || !s.active(t, ada) {
			t.Error("it is still on the list, or deleted")
		}
	})
}

// An account was deleted while it became ADMIN, and auth died: it is on the list, and counts for nothing.
func TestRoles_areNotTakenFromTheLastWhoStays(t *testing.T) {
	s := newService(t)
	admin := s.newAdmin(t, "admin@example.org")
	must.Do(t, s.admins.Update(t.Context(), func(listed []string) ([]string, error) { return append(listed, ids.New()), nil }))
	refused(t, s.setRoles(t, admin, admin.User.ID, `[]`), errs.Conflict, "")
	refused(t, s.deleteOwn(t, admin, ownPassword), errs.Conflict, "")
}

func TestDeletion_isPublishedLaterIfTheBrokerIsDown(t *testing.T) {
	s := newService(t)
	ada := s.signUp(t, "ada@example.org")
	s.bus.Before = func(string) error { return errors.New("down") }
	s.deleteOwn(t, ada, ownPassword).Expect(http.StatusAccepted)
	if s.active(t, ada) {
		t.Error("the session is still active")
	}
	s.bus.Before = nil
	must.Do(t, s.deletions.CatchUp(t.Context()))
	must.Do(t, s.deletions.CatchUp(t.Context()))
	s.expectErased(t, "ada@example.org")
	if n := slices.Index(s.bus.Types(), "account.deleted.v1"); n != len(s.bus.Types())-1 {
		t.Errorf("published: %v", s.bus.Types())
	}
}

// The secret of the first start still names the account.
func TestDeletion_ofAFirstAccountIsNotUndoneByTheNextStart(t *testing.T) {
	s := newService(t)
	s.newAdmin(t, "other@example.org")
	admin := s.newAdmin(t, "admin@example.org")
	s.deleteOwn(t, admin, ownPassword).Expect(http.StatusAccepted)
	registration := must.Get(domain.NewRegistration("admin@example.org", "Admin", "correct horse"))(t)
	if _, err := s.accounts.Register(t.Context(), registration, domain.Admin); !errs.Is(err, errs.Conflict) {
		t.Errorf("the next start made it again: %v", err)
	}
	if ttl := s.states.TTL("auth-store", "account:"+admin.User.ID); ttl != "" {
		t.Errorf("it would be made again after %s seconds", ttl)
	}
}

// A wrong password counts as an attempt to sign in, so nobody guesses it here.
func TestDeletion_limitsGuesses(t *testing.T) {
	s := newService(t)
	ada := s.signUp(t, "ada@example.org")
	for range 15 {
		if s.deleteOwn(t, ada, `{"password": "battery staple", "posts": "keep"}`).Code == http.StatusTooManyRequests {
			return
		}
	}
	t.Error("fifteen guesses in a row are answered")
}
