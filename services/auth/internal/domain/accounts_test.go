package domain_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/auth/internal/domain"
	"stoa/services/auth/internal/repositories"
)

// plain is domain.Passwords without the work.
type plain struct{}

func (plain) Hash(_ context.Context, _ domain.Origin, password string) (string, error) {
	return password, nil
}
func (plain) Matches(_ context.Context, _ domain.Origin, hash, password string, begin func() error) (bool, error) {
	return hash == password, begin()
}
func (plain) Outdated(string) bool { return false }

// world is the accounts and API keys on a store in memory.
type world struct {
	states   *sidecartest.States
	accounts *domain.Accounts
	admins   repositories.Admins
	sessions *repositories.Sessions
	keys     *repositories.APIKeys
	warned   *warnings
	// deletions are those of people without orders.
	deletions *domain.Deletions
}

// noOrders is order-api for people who never ordered anything.
type noOrders struct{}

func (noOrders) OpenOf(context.Context, string) ([]string, error) { return nil, nil }

// noBus accepts every event.
type noBus struct{}

func (noBus) Publish(context.Context, domain.Account, domain.Event) error { return nil }

func newWorld() world {
	states, side := sidecartest.New()
	store, attempts := repositories.NewAccounts(side), repositories.NewAttempts(side)
	publisher := domain.NewPublisher(store, noBus{}, repositories.NewOverdue(side))
	sessions := repositories.NewSessions(side)
	authority := domain.NewAuthority(sessions, store, noTrail{})
	admins := repositories.NewAdmins(side)
	accounts := domain.NewAccounts(store, authority, admins, plain{}, attempts, domain.NewRefusalLog(nil), publisher, true)
	archives := domain.NewArchives(repositories.NewArchives(side), accounts, repositories.NewUnfinished(side, "archives"))
	return world{
		states: states, accounts: accounts, admins: admins, sessions: sessions, keys: repositories.NewAPIKeys(side),
		warned:    new(warnings),
		deletions: domain.NewDeletions(accounts, sessions, archives, noOrders{}, repositories.NewUnfinished(side, "deletions")),
	}
}

func (w world) register(t *testing.T, email, password string) (domain.Account, error) {
	t.Helper()
	registration := must.Get(domain.NewRegistration(email, "Ada", password))(t)
	return w.accounts.Register(t.Context(), registration)
}

func TestAccounts_registerAnAddressOnceUnderARace(t *testing.T) {
	w := newWorld()
	var won atomic.Int64
	var winner atomic.Value
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			email := []string{"ada@example.org", "ADA@example.org"}[i%2]
			account, err := w.register(t, email, ids.New())
			switch {
			case err == nil:
				won.Add(1)
				winner.Store(account)
			case !errs.Is(err, errs.Conflict):
				t.Errorf("got %v, want conflict", err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Fatalf("%d accounts, want 1", won.Load())
	}
	stored := w.states.Keys("auth-store", "account:")
	account := winner.Load().(domain.Account)
	if len(stored) != 1 || stored[0] != "account:"+account.ID {
		t.Errorf("stored are %v, the winner is %s", stored, account.ID)
	}
	if got, err := w.accounts.Authenticate(t.Context(), "aDa@example.org", account.PasswordHash, domain.Client{}); err != nil || got.ID != account.ID {
		t.Errorf("the winner signs in as %q, %v", got.ID, err)
	}
}

func TestAccounts_registerAnAddressAfterACrash(t *testing.T) {
	w := newWorld()
	w.states.Before = func(operation, key string) error {
		if operation == "save" && strings.HasPrefix(key, "account:") {
			return errors.New("crash")
		}
		return nil
	}
	if _, err := w.register(t, "ada@example.org", "password one"); !errs.Is(err, errs.Unavailable) {
		t.Fatalf("got %v, want unavailable", err)
	}
	w.states.Before = nil
	if _, err := w.accounts.Authenticate(t.Context(), "ada@example.org", "password one", domain.Client{}); !errs.Is(err, errs.Unauthenticated) {
		t.Errorf("there is no account yet: got %v", err)
	}
	account, err := w.register(t, "ada@example.org", "password two")
	if err != nil {
		t.Fatalf("the address has to be free: %v", err)
	}
	got, err := w.accounts.Authenticate(t.Context(), "ada@example.org", "password two", domain.Client{})
	if err != nil || got.ID != account.ID {
		t.Errorf("got %q, %v; want %q", got.ID, err, account.ID)
	}
	if owners := w.states.Keys("auth-store", "email:"); len(owners) != 1 {
		t.Errorf("addresses: %v", owners)
	}
}
