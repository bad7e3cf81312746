package bootstrap_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/keyformat"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/auth/internal/bootstrap"
	"stoa/services/auth/internal/domain"
	"stoa/services/auth/internal/repositories"
)

var (
	keyID  = ids.New()
	apiKey = keyformat.New(keyID)
	secret = `{"apiKey": "` + apiKey + `", "accounts": {
		"admin": {"email": "admin@stoa.local", "password": "admin-password"},
		"staff": {"email": "staff@stoa.local", "password": "staff-password"},
		"author": {"email": "author@stoa.local", "password": "author-password"},
		"editor": {"email": "editor@stoa.local", "password": "editor-password"}}}`
)

// plain is domain.Passwords without the work.
type plain struct{}

func (plain) Hash(_ context.Context, password string) (string, error) { return password, nil }
func (plain) Matches(_ context.Context, hash, password string, first func() error) (bool, error) {
	return hash == password, first()
}
func (plain) Outdated(string) bool { return false }

// world is what a plan is applied to.
type world struct {
	states   *sidecartest.States
	accounts *domain.Accounts
	keys     *repositories.APIKeys
}

func newWorld() world {
	states, side := sidecartest.New()
	store, guard := repositories.NewAccounts(side), domain.NewGuard(repositories.NewAttempts(side))
	// Nothing is announced of these accounts: what would do it is missing.
	accounts := domain.NewAccounts(store, repositories.NewAdmins(side), plain{}, guard, domain.NewAnnouncer(store, nil, nil), ids.New)
	return world{states: states, accounts: accounts, keys: repositories.NewAPIKeys(side)}
}

func (w world) apply(t *testing.T, text string) {
	t.Helper()
	plan, err := bootstrap.Parse(text)
	if err != nil {
		t.Error(err)
		return
	}
	if err := plan.Apply(t.Context(), w.accounts, w.keys, zerolog.Nop()); err != nil {
		t.Error(err)
	}
}

// check holds the store against the secret: every account once, with its roles, and the key.
func (w world) check(t *testing.T) {
	t.Helper()
	for name, role := range map[string]domain.Role{
		"admin": domain.Admin, "staff": domain.Staff, "author": domain.Author, "editor": domain.Editor,
	} {
		account, err := w.accounts.Authenticate(t.Context(), name+"@stoa.local", name+"-password", domain.Client{})
		if want := []domain.Role{domain.Learner, role}; err != nil || !slices.Equal(account.Roles, want) {
			t.Errorf("%s: got %v, %v; want %v", name, account.Roles, err, want)
		}
	}
	if stored := w.states.Keys("auth-store", "account:"); len(stored) != 4 {
		t.Errorf("%d accounts, want 4", len(stored))
	}
	if _, err := w.accounts.SetRoles(t.Context(), w.admin(t), nil); !errs.Is(err, errs.Conflict) {
		t.Errorf("the only admin may not be left without the role: got %v", err)
	}
	key, err := w.keys.Find(t.Context(), keyID)
	if err != nil || !key.Admits(apiKey, time.Now()) || !slices.Equal(key.Permissions, domain.AllPermissions()) {
		t.Errorf("the API key: %+v, %v", key, err)
	}
	if listed, _, err := w.keys.List(t.Context(), "", 10); err != nil || len(listed) != 1 {
		t.Errorf("listed: %+v, %v", listed, err)
	}
}

// admin is the id of the admin's account.
func (w world) admin(t *testing.T) string {
	t.Helper()
	found, _, err := w.accounts.List(t.Context(), "admin@stoa.local", "", 1)
	if err != nil || len(found) != 1 {
		t.Fatalf("got %v, %v", found, err)
	}
	return found[0].ID
}

func TestSeveralReplicasMakeEachAccountOnce(t *testing.T) {
	w := newWorld()
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() { w.apply(t, secret) })
	}
	all.Wait()
	w.check(t)
}

func TestAnAccountThatExistsIsLeftAlone(t *testing.T) {
	w := newWorld()
	w.apply(t, secret)
	w.apply(t, strings.ReplaceAll(secret, "-password", "-changed-password"))
	w.check(t)
}

// Whoever revoked the key does not get it back by a restart.
func TestARevokedKeyStaysRevoked(t *testing.T) {
	w := newWorld()
	w.apply(t, secret)
	if _, err := w.keys.Update(t.Context(), keyID, func(k *domain.APIKey) { k.Revoke(time.Now()) }); err != nil {
		t.Fatal(err)
	}
	w.apply(t, secret)
	if key, err := w.keys.Find(t.Context(), keyID); err != nil || key.Admits(apiKey, time.Now()) {
		t.Errorf("got %+v, %v", key, err)
	}
}

func TestItWaitsForTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		outage := 20
		w.states.Before = func(string, string) error {
			if outage--; outage > 0 {
				return status.Error(codes.Unavailable, "the store is away")
			}
			return nil
		}
		w.apply(t, secret)
		w.check(t)
	})
}

func TestParseRefusesWithoutRepeatingTheSecret(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":        "hunter22-hunter22",
		"another form":   `["hunter22-hunter22"]`,
		"no key of ours": `{"apiKey": "hunter22-hunter22-hunter22"}`,
		"typo in a key":  `{"apiKey": "` + strings.ToLower(apiKey) + `hunter"}`,
		"unknown role":   `{"apiKey": "` + apiKey + `", "accounts": {"root": {"email": "r@stoa.local", "password": "hunter22"}}}`,
		"no address":     `{"apiKey": "` + apiKey + `", "accounts": {"admin": {"email": "", "password": "hunter22"}}}`,
		"short password": `{"apiKey": "` + apiKey + `", "accounts": {"admin": {"email": "a@stoa.local", "password": "hunter"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := bootstrap.Parse(text); err == nil || strings.Contains(err.Error(), "hunter") {
				t.Errorf("got %v, want an error that keeps the secret", err)
			}
		})
	}
}
