package domain_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/ids"
	"stoa/pkg/common/keyformat"
	"stoa/pkg/common/must"
	"stoa/pkg/sidecar"
	"stoa/services/auth/internal/domain"
)

var (
	keyFormat = domain.KeyFormat{New: keyformat.New, Parse: keyformat.Parse}
	keyID     = ids.New()
	apiKey    = keyformat.New(keyID)
	secret    = `{"apiKey": "` + apiKey + `", "accounts": {
		"admin": {"email": "admin@stoa.local", "password": "admin-password"},
		"staff": {"email": "staff@stoa.local", "password": "staff-password"},
		"author": {"email": "author@stoa.local", "password": "author-password"},
		"editor": {"email": "editor@stoa.local", "password": "editor-password"}}}`
)

// warnings are what bootstrap says in the log.
type warnings struct {
	mu   sync.Mutex
	said []string
}

func (w *warnings) add(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, err.Error())
}

func (w *warnings) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.said, " ")
}

func (w world) apply(t *testing.T, text string) {
	t.Helper()
	first, err := domain.ParseBootstrap(text, keyFormat)
	if err != nil {
		t.Error(err)
		return
	}
	if err := first.Apply(t.Context(), w.accounts, w.keys, w.warned.add); err != nil {
		t.Error(err)
	}
}

// check compares the store with the secret: every account once, with its roles, and the key.
func (w world) check(t *testing.T) {
	t.Helper()
	for name, role := range map[string]domain.Role{
		"admin": domain.Admin, "staff": domain.Staff, "author": domain.Author, "editor": domain.Editor,
	} {
		account, err := w.accounts.Authenticate(t.Context(), name+"@stoa.local", name+"-password", domain.Client{})
		if want := []domain.Role{domain.Learner, role}; err != nil || !slices.Equal(account.AllRoles(), want) {
			t.Errorf("%s: got %v, %v; want %v", name, account.AllRoles(), err, want)
		}
	}
	if stored := w.states.Keys("auth-store", "account:"); len(stored) != 4 {
		t.Errorf("%d accounts, want 4", len(stored))
	}
	if listed, err := w.admins.List(t.Context()); err != nil || !slices.Equal(listed, []string{w.admin(t)}) {
		t.Errorf("the admins are %v, %v", listed, err)
	}
	key, err := w.keys.Get(t.Context(), keyID)
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

func TestBootstrap_makesEachAccountOnceInSeveralReplicas(t *testing.T) {
	w := newWorld()
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() { w.apply(t, secret) })
	}
	all.Wait()
	w.check(t)
}

func TestBootstrap_leavesExistingAccountsAlone(t *testing.T) {
	w := newWorld()
	w.apply(t, secret)
	w.apply(t, strings.ReplaceAll(secret, "-password", "-changed-password"))
	w.check(t)
}

// A restart does not bring back a revoked key.
func TestBootstrap_leavesARevokedKeyRevoked(t *testing.T) {
	w := newWorld()
	w.apply(t, secret)
	must.Get(w.keys.Update(t.Context(), keyID, func(k *domain.APIKey) error { k.Revoke(time.Now()); return nil }))(t)
	w.apply(t, secret)
	if key, err := w.keys.Get(t.Context(), keyID); err != nil || key.Admits(apiKey, time.Now()) {
		t.Errorf("got %+v, %v", key, err)
	}
}

// Nobody is on the list: the first start died before it was written, or the store is an old copy.
func TestBootstrap_givesTheRoleAdminAgainIfNobodyHasIt(t *testing.T) {
	w := newWorld()
	w.apply(t, secret)
	w.states.Drop("auth-store", "group:admins")
	w.apply(t, secret)
	w.check(t)
	if said := w.warned.text(); !strings.Contains(said, w.admin(t)) {
		t.Errorf("the log says %q", said)
	}
}

// The address in the secret belongs to somebody who never was ADMIN.
func TestBootstrap_makesNoStrangerAdmin(t *testing.T) {
	w := newWorld()
	must.Get(w.register(t, "admin@stoa.local", "a stranger's password"))(t)
	w.apply(t, secret)
	if account := must.Get(w.accounts.Get(t.Context(), w.admin(t)))(t); account.Has(domain.Admin) {
		t.Error("a stranger is ADMIN")
	}
	if said := w.warned.text(); !strings.Contains(said, "nobody has the role ADMIN") {
		t.Errorf("the log says %q", said)
	}
}

func TestBootstrap_leavesADemotedAdminDemoted(t *testing.T) {
	w := newWorld()
	w.apply(t, secret)
	other := w.member(t, "ada", domain.Admin)
	must.Get(w.accounts.SetRoles(t.Context(), other.actor, w.admin(t), nil))(t)
	w.apply(t, secret)
	if admins, err := w.admins.List(t.Context()); err != nil || !slices.Equal(admins, []string{other.id}) || w.warned.text() != "" {
		t.Errorf("the admins are %v, %v; the log says %v", admins, err, w.warned.text())
	}
}

// An earlier build made the first accounts, without a mark. The secret still names them when they are deleted.
func TestBootstrap_makesNoDeletedAccountAgain(t *testing.T) {
	w := newWorld()
	w.apply(t, secret)
	accounts := sidecar.NewDocuments[domain.Account](sidecar.StatesOnly(w.states), "auth-store", "account")
	for _, key := range w.states.Keys("auth-store", "account:") {
		must.Get(accounts.Update(t.Context(), strings.TrimPrefix(key, "account:"), func(a *domain.Account) error {
			a.First = false
			return nil
		}))(t)
	}
	w.apply(t, secret)
	ada := w.member(t, "ada", domain.Admin)
	for _, email := range []string{"admin@stoa.local", "staff@stoa.local"} {
		found, _, err := w.accounts.List(t.Context(), email, "", 1)
		if err != nil || len(found) != 1 {
			t.Fatalf("got %v, %v", found, err)
		}
		must.Get(w.deletions.Delete(t.Context(), ada.actor, found[0].ID, domain.DeletionWish{Posts: domain.KeepPosts}))(t)
		w.apply(t, secret)
		if found, _, err := w.accounts.List(t.Context(), email, "", 1); err != nil || len(found) > 0 {
			t.Errorf("%s is there again, with the roles %v, %v", email, found[0].AllRoles(), err)
		}
	}
}

func TestBootstrap_waitsForTheStore(t *testing.T) {
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

func TestBootstrap_refusesWithoutRepeatingTheSecret(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":        "hunter22-hunter22",
		"another form":   `["hunter22-hunter22"]`,
		"not a key":      `{"apiKey": "hunter22-hunter22-hunter22"}`,
		"typo in a key":  `{"apiKey": "` + strings.ToLower(apiKey) + `hunter"}`,
		"unknown role":   `{"apiKey": "` + apiKey + `", "accounts": {"root": {"email": "r@stoa.local", "password": "hunter22"}}}`,
		"no address":     `{"apiKey": "` + apiKey + `", "accounts": {"admin": {"email": "", "password": "hunter22"}}}`,
		"short password": `{"apiKey": "` + apiKey + `", "accounts": {"admin": {"email": "a@stoa.local", "password": "hunter"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := domain.ParseBootstrap(text, keyFormat); err == nil || strings.Contains(err.Error(), "hunter") {
				t.Errorf("got %v, want an error that keeps the secret", err)
			}
		})
	}
}
