package repositories_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/auth/internal/domain"
	"stoa/services/auth/internal/repositories"
)

// plain is Passwords without the work.
type plain struct{}

func (plain) Hash(_ context.Context, password string) (string, error) {
	return "hash of " + password, nil
}
func (plain) Matches(_ context.Context, hash, password string, first func() error) (bool, error) {
	return hash == "hash of "+password, first()
}

func (plain) Outdated(hash string) bool { return false }

// people returns the accounts behind a sidecar. Nothing is announced of them: what would do it is missing.
func people(side *sidecar.Sidecar) *domain.Accounts {
	store, guard := repositories.NewAccounts(side), domain.NewGuard(repositories.NewAttempts(side))
	return domain.NewAccounts(store, repositories.NewAdmins(side), plain{}, guard, domain.NewAnnouncer(store, nil, nil), ids.New)
}

func register(t *testing.T, accounts *domain.Accounts, email, password string) (domain.Account, error) {
	t.Helper()
	registration, err := domain.NewRegistration(email, "Ada", password)
	if err != nil {
		t.Fatal(err)
	}
	return accounts.Register(t.Context(), registration)
}

func TestOneAccountForEachAddressUnderARace(t *testing.T) {
	states, side := sidecartest.New()
	accounts := people(side)
	var won atomic.Int64
	var winner atomic.Value
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			email := []string{"ada@example.org", "ADA@example.org"}[i%2]
			account, err := register(t, accounts, email, ids.New())
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
	stored := states.Keys("auth-store", "account:")
	account := winner.Load().(domain.Account)
	if len(stored) != 1 || stored[0] != "account:"+account.ID {
		t.Errorf("stored are %v, the winner is %s", stored, account.ID)
	}
	password := strings.TrimPrefix(account.PasswordHash, "hash of ")
	if got, err := accounts.Authenticate(t.Context(), "aDa@example.org", password, domain.Client{}); err != nil || got.ID != account.ID {
		t.Errorf("the winner signs in as %q, %v", got.ID, err)
	}
}

func TestACrashBetweenClaimAndAccountHeals(t *testing.T) {
	states, side := sidecartest.New()
	accounts := people(side)
	states.Before = func(operation, key string) error {
		if operation == "save" && strings.HasPrefix(key, "account:") {
			return errors.New("crash")
		}
		return nil
	}
	if _, err := register(t, accounts, "ada@example.org", "password one"); !errs.Is(err, errs.Unavailable) {
		t.Fatalf("got %v, want unavailable", err)
	}
	states.Before = nil
	if _, err := accounts.Authenticate(t.Context(), "ada@example.org", "password one", domain.Client{}); !errs.Is(err, errs.Unauthenticated) {
		t.Errorf("there is no account yet: got %v", err)
	}
	account, err := register(t, accounts, "ada@example.org", "password two")
	if err != nil {
		t.Fatalf("the address has to be free: %v", err)
	}
	got, err := accounts.Authenticate(t.Context(), "ada@example.org", "password two", domain.Client{})
	if err != nil || got.ID != account.ID {
		t.Errorf("got %q, %v; want %q", got.ID, err, account.ID)
	}
	if claims := states.Keys("auth-store", "email:"); len(claims) != 1 {
		t.Errorf("claims: %v", claims)
	}
}

func TestAuthenticateTellsNobodyWhetherThereIsAnAccount(t *testing.T) {
	_, side := sidecartest.New()
	accounts := people(side)
	if _, err := register(t, accounts, "ada@example.org", "password one"); err != nil {
		t.Fatal(err)
	}
	_, wrong := accounts.Authenticate(t.Context(), "ada@example.org", "password two", domain.Client{})
	_, unknown := accounts.Authenticate(t.Context(), "eve@example.org", "password one", domain.Client{})
	if !errs.Is(wrong, errs.Unauthenticated) || wrong.Error() != unknown.Error() {
		t.Errorf("wrong password: %v; unknown address: %v", wrong, unknown)
	}
}

func TestReadyAsksTheStore(t *testing.T) {
	states, side := sidecartest.New()
	accounts := repositories.NewAccounts(side)
	if err := accounts.Ready(t.Context()); err != nil {
		t.Errorf("the store is there: %v", err)
	}
	states.Before = func(string, string) error { return errors.New("down") }
	if err := accounts.Ready(t.Context()); !errs.Is(err, errs.Unavailable) {
		t.Errorf("got %v, want unavailable", err)
	}
}
