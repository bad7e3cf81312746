package domain_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
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
	"stoa/services/auth/internal/domain"
)

// turns lets one caller of the store at a time make its next call, in a random order. Some calls fail before or after they
// take effect, as they do when a process dies.
type turns struct {
	random   *rand.Rand
	failures bool
	mu       sync.Mutex
	waiting  []chan struct{}
	checking bool // the calls of check need no turn
}

// Before is for sidecartest.States.
func (s *turns) Before(string, string) error {
	turn := make(chan struct{})
	s.mu.Lock()
	checking := s.checking
	if !checking {
		s.waiting = append(s.waiting, turn)
	}
	s.mu.Unlock()
	if checking {
		return nil
	}
	<-turn
	return s.After("", "")
}

// After is for sidecartest.States.
func (s *turns) After(string, string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failures && !s.checking && s.random.IntN(50) == 0 {
		return status.Error(codes.Unavailable, "killed")
	}
	return nil
}

// run runs these until all have ended, and calls check after each call of the store.
func (s *turns) run(w world, check func(), all ...func()) {
	var alive sync.WaitGroup
	ended := make(chan struct{})
	w.states.Before, w.states.After = s.Before, s.After
	for _, do := range all {
		alive.Go(do)
		synctest.Wait() // one after the other, so that a seed has one order
	}
	go func() { alive.Wait(); close(ended) }()
	for {
		synctest.Wait()
		s.check(check)
		select {
		case <-ended:
			w.states.Before, w.states.After = nil, nil
			return
		default:
		}
		if !s.next() {
			time.Sleep(time.Millisecond) // all of them pause
		}
	}
}

// check calls check, whose calls of the store need no turn.
func (s *turns) check(check func()) {
	set := func(checking bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.checking = checking
	}
	set(true)
	check()
	set(false)
}

// next lets one caller go on. It reports whether one waits.
func (s *turns) next() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 {
		return false
	}
	next := s.random.IntN(len(s.waiting))
	close(s.waiting[next])
	s.waiting = slices.Delete(s.waiting, next, next+1)
	return true
}

// member is an account with a session.
type member struct {
	id    string
	actor domain.Actor
}

func (w world) member(t *testing.T, name string, roles ...domain.Role) member {
	t.Helper()
	registration := must.Get(domain.NewRegistration(name+"@example.org", name, "password "+name))(t)
	account := must.Get(w.accounts.Register(t.Context(), registration, roles...))(t)
	session, _ := domain.NewSession(ids.New(), account, domain.Client{}, time.Now())
	must.Do(t, w.sessions.Add(t.Context(), account, session))
	return member{id: account.ID, actor: domain.Actor{SessionID: session.ID}}
}

// admins are the accounts that have the role ADMIN.
func (w world) adminsAmong(t *testing.T, members ...member) (admins []string) {
	t.Helper()
	for _, m := range members {
		if account := must.Get(w.accounts.Get(t.Context(), m.id))(t); account.Has(domain.Admin) {
			admins = append(admins, m.id)
		}
	}
	return admins
}

// Requests give and take the role ADMIN at the same time, in a random order of their calls, and die at any of them. After each
// call somebody has the role.
func TestModel_noInterleavingLeavesNoAdmin(t *testing.T) {
	must.HaveTime(t)
	type change struct {
		by, of int
		admin  bool
	}
	requests := [][]change{
		{{0, 1, false}}, // a demotes b
		{{1, 1, true}},  // b gives the role to itself again
		{{0, 0, false}}, // a demotes itself
		{{1, 0, false}, {1, 1, false}, {1, 0, true}},
		{{0, 2, true}, {2, 0, false}, {2, 2, false}},
	}
	for seed := range uint64(300) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			members := []member{w.member(t, "ada", domain.Admin), w.member(t, "bob", domain.Admin), w.member(t, "cyd")}
			s := &turns{random: rand.New(rand.NewPCG(seed, 1)), failures: seed%2 == 1}
			var all []func()
			for _, changes := range requests[:3+2*(seed/2%2)] {
				all = append(all, func() {
					for _, c := range changes {
						roles := []domain.Role{domain.Staff}
						if c.admin {
							roles = []domain.Role{domain.Admin}
						}
						_, err := w.accounts.SetRoles(t.Context(), members[c.by].actor, members[c.of].id, roles)
						if kind := errs.KindOf(err); err != nil && !slices.Contains([]errs.Kind{errs.Conflict, errs.Forbidden, errs.Unavailable}, kind) {
							t.Errorf("got %v", err)
						}
					}
				})
			}
			lost := false
			s.run(w, func() {
				if !lost && len(w.adminsAmong(t, members...)) == 0 {
					lost = true
					t.Errorf("nobody has the role ADMIN: seed %d", seed)
				}
			}, all...)
		})
	}
}

// ADMINs delete their accounts and give up the role at the same time, in a random order of their calls, and die at any of them. In
// the end somebody has the role, and nobody who is deleted.
func TestModel_noDeletionLeavesNoAdmin(t *testing.T) {
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			w, names := newWorld(), []string{"ada", "bob", "cyd"}
			var members []member
			for _, name := range names {
				members = append(members, w.member(t, name, domain.Admin))
			}
			leave := func(n int) func() {
				return func() {
					_, _ = w.deletions.DeleteOwn(t.Context(), members[n].actor, "password "+names[n], domain.DeletionWish{Posts: domain.KeepPosts})
				}
			}
			s := &turns{random: rand.New(rand.NewPCG(seed, 1)), failures: seed%2 == 1}
			s.run(w, func() {}, leave(0), leave(1), func() { _ = w.deletions.CatchUp(t.Context()) }, func() {
				_, _ = w.accounts.SetRoles(t.Context(), members[2].actor, members[2].id, nil)
			})
			for range 2 { // the first may open the account of the last ADMIN again
				must.Do(t, w.deletions.CatchUp(t.Context()))
			}
			left := must.Get(w.admins.List(t.Context()))(t)
			for _, id := range left {
				if account, err := w.accounts.Get(t.Context(), id); err != nil || !account.Has(domain.Admin) {
					t.Errorf("seed %d: %s is listed, and is %v, %v", seed, id, account.Roles, err)
				}
			}
			if len(left) == 0 {
				t.Errorf("seed %d: nobody is left", seed)
			}
		})
	}
}

// Two admins set different roles of an account at the same time. What is left is what one of them wanted, or one is told.
func TestModel_noInterleavingMixesRolesUnnoticed(t *testing.T) {
	for seed := range uint64(100) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			ada, bob, cyd := w.member(t, "ada", domain.Admin), w.member(t, "bob", domain.Admin), w.member(t, "cyd")
			wanted := [][]domain.Role{{domain.Learner, domain.Admin}, {domain.Learner, domain.Staff}}
			var failures [2]error
			var all []func()
			for i, by := range []member{ada, bob} {
				all = append(all, func() { _, failures[i] = w.accounts.SetRoles(t.Context(), by.actor, cyd.id, wanted[i]) })
			}
			(&turns{random: rand.New(rand.NewPCG(seed, 1))}).run(w, func() {}, all...)
			account := must.Get(w.accounts.Get(t.Context(), cyd.id))(t)
			got := account.AllRoles()
			if failures[0] == nil && failures[1] == nil && !slices.Equal(got, wanted[0]) && !slices.Equal(got, wanted[1]) {
				t.Errorf("seed %d: got %v", seed, got)
			}
		})
	}
}

// Many demotions at once are all answered in words about roles.
func TestRoles_ofManyAtOnceAreTakenWithoutConflict(t *testing.T) {
	w := newWorld()
	first := w.member(t, "first", domain.Admin)
	var all sync.WaitGroup
	for n := range 10 {
		m := w.member(t, fmt.Sprintf("m%d", n), domain.Admin)
		all.Go(func() {
			if _, err := w.accounts.SetRoles(t.Context(), first.actor, m.id, nil); err != nil {
				t.Errorf("got %v", err)
			}
		})
	}
	all.Wait()
	if admins, err := w.admins.List(t.Context()); err != nil || !slices.Equal(admins, []string{first.id}) {
		t.Errorf("the admins are %v, %v", admins, err)
	}
	_, err := w.accounts.SetRoles(t.Context(), first.actor, first.id, []domain.Role{domain.Staff})
	if !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "only account with the role ADMIN") {
		t.Errorf("got %v", err)
	}
	if account := must.Get(w.accounts.Get(t.Context(), first.id))(t); account.Has(domain.Staff) {
		t.Error("a refused request changed other roles")
	}
}

func TestRoles_ofMoreAdminsThanFitAreRefused(t *testing.T) {
	w := newWorld()
	admin, ada := w.member(t, "admin", domain.Admin), w.member(t, "ada")
	must.Do(t, w.admins.Update(t.Context(), func(listed []string) ([]string, error) {
		for len(listed) < 1000 {
			listed = append(listed, ids.New())
		}
		return listed, nil
	}))
	if _, err := w.accounts.SetRoles(t.Context(), admin.actor, ada.id, []domain.Role{domain.Admin}); !errs.Is(err, errs.Conflict) {
		t.Errorf("got %v", err)
	}
}

// noTrail is domain.Trail without a store.
type noTrail struct{ domain.Trail }

func (noTrail) Record(context.Context, domain.Entry) error { return nil }
