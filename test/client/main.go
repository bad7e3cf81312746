package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"stoa/internal/stack"
	"stoa/pkg/common/must"
	"stoa/test/system"
)

// Main runs the tests of a package on one system that they share, and returns the exit code. It hands the system to use
// before the first test.
func Main(m *testing.M, use func(*Shop) error, changes ...func(*stack.Options)) int {
	code, err := run(m, use, changes)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func run(m *testing.M, use func(*Shop) error, changes []func(*stack.Options)) (code int, err error) {
	shared, err := openShared(changes...)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, shared.close(code != 0), lent.close(code != 0)) }()
	if err := use(shared.Shop); err != nil {
		return 0, err
	}
	code = m.Run()
	return code, nil
}

// shared is a system that outlives a test.
type shared struct{ *Shop }

func openShared(changes ...func(*stack.Options)) (shared, error) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return shared{}, err
	}
	dir, err := os.MkdirTemp("", "stoa-test-")
	if err != nil {
		return shared{}, err
	}
	shop, err := Open(context.Background(), root, dir, changes...)
	if err != nil {
		err = errors.Join(err, system.RemoveFolder(dir, true))
	}
	return shared{shop}, err
}

// close stops the system. After a failure its logs are kept.
func (s *shared) close(failed bool) error {
	if s.Shop == nil {
		return nil
	}
	err := errors.Join(s.Stop(context.Background()), system.RemoveFolder(s.Dir(), failed))
	s.Shop = nil
	return err
}

var (
	turn sync.Mutex
	lent shared
)

// Borrow lends a system to a test that breaks something and repairs it. Such tests take turns. After one that failed, the
// next gets a new system.
func Borrow(t testing.TB) *Shop {
	t.Helper()
	turn.Lock()
	t.Cleanup(func() {
		defer turn.Unlock()
		if t.Failed() {
			t.Log(lent.close(true))
		}
	})
	if lent.Shop == nil {
		lent = must.Get(openShared())(t)
	}
	lent.awaitRepair(t)
	return lent.Shop
}

// awaitRepair waits until every service answers and an order goes through.
func (s *Shop) awaitRepair(t testing.TB) {
	t.Helper()
	s.Await(t, SignInOf(s.Accounts["staff"].Email, s.Accounts["staff"].Password), 200)
	staff := s.SignIn(t, "staff")
	for _, guarded := range EachGuarded(t, staff) {
		s.Await(t, guarded.Request, guarded.Open)
	}
	order := must.Get(s.Insist(t.Context(), OrderBy(staff, s.NewProduct(t, staff, 1).ID, 1)))(t)
	s.AwaitOrder(t, staff, order.ID, "confirmed")
}
