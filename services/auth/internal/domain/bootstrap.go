package domain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"stoa/pkg/common/errs"
)

// retryPause is how long Bootstrap waits before it tries again to reach a store.
const retryPause = 500 * time.Millisecond

// firstRoles are the roles that Bootstrap creates an account for, by their name in the secret.
var firstRoles = map[string]Role{"admin": Admin, "staff": Staff, "author": Author, "editor": Editor}

// Bootstrap is what must exist before anyone signs up: an account for each special role, and an API key that may do all.
type Bootstrap struct {
	key      APIKey
	accounts []firstAccount
}

type firstAccount struct {
	registration Registration
	role         Role
}

// ParseBootstrap reads the secret that the first start of the system made:
// {"apiKey": "...", "accounts": {"admin": {"email": "...", "password": "..."}, ...}}. Its error contains no key or password.
func ParseBootstrap(secret string, format KeyFormat) (Bootstrap, error) {
	var text struct {
		APIKey   string `json:"apiKey"`
		Accounts map[string]struct {
			Email    string `json:"email"`
			Password string `json:"password"`
		} `json:"accounts"`
	}
	if err := json.Unmarshal([]byte(secret), &text); err != nil {
		return Bootstrap{}, errors.New("it is not valid JSON of the documented form")
	}
	id, prefix, ok := format.Parse(text.APIKey)
	if !ok {
		return Bootstrap{}, errors.New("apiKey: it is not a valid key; let the first start make one")
	}
	key, err := NewAPIKey(id, prefix, text.APIKey, KeyWish{Name: "web pages", Permissions: AllPermissions()}, time.Now())
	if err != nil {
		return Bootstrap{}, fmt.Errorf("apiKey: %w", err)
	}
	b := Bootstrap{key: key}
	for _, name := range slices.Sorted(maps.Keys(text.Accounts)) {
		role, ok := firstRoles[name]
		if !ok {
			return Bootstrap{}, fmt.Errorf("accounts: %q must be admin, staff, author or editor", name)
		}
		registration, err := NewRegistration(text.Accounts[name].Email, "Stoa "+name, text.Accounts[name].Password)
		if err != nil {
			return Bootstrap{}, fmt.Errorf("accounts.%s: %w", name, err)
		}
		b.accounts = append(b.accounts, firstAccount{registration, role})
	}
	return b, nil
}

// Apply creates what does not exist yet. While the store is unavailable, it warns of each error and tries again. Several
// replicas may run it at once. An existing account keeps its password, which the owner may have changed.
func (b Bootstrap) Apply(ctx context.Context, accounts *Accounts, keys APIKeyStore, warn func(error)) error {
	for {
		err := b.applyOnce(ctx, accounts, keys, warn)
		if !errs.Is(err, errs.Unavailable) {
			return err
		}
		warn(fmt.Errorf("the first accounts cannot be made yet: %w", err))
		select {
		case <-time.After(retryPause):
		case <-ctx.Done():
			return nil
		}
	}
}

func (b Bootstrap) applyOnce(ctx context.Context, accounts *Accounts, keys APIKeyStore, warn func(error)) error {
	for _, a := range b.accounts {
		account, err := accounts.Register(ctx, a.registration, a.role)
		if errs.Is(err, errs.Conflict) {
			err = accounts.markFirst(ctx, account)
			if err == nil && a.role == Admin {
				err = accounts.restoreAdmin(ctx, account, warn)
			}
		}
		if err != nil {
			return err
		}
	}
	if admins, err := accounts.admins.List(ctx); err != nil {
		return err
	} else if len(admins) == 0 {
		warn(errors.New("nobody has the role ADMIN: write an address that has no account into the secret AUTH_BOOTSTRAP, as " +
			"accounts.admin.email, and start again"))
	}
	if err := keys.Create(ctx, b.key, func(*APIKey) error { return nil }); !errs.Is(err, errs.Conflict) {
		return err
	}
	return nil
}

// markFirst marks an account that exists as one that the secret names: an earlier build may have made it without the mark, or somebody
// has signed up with the address. Once it is deleted, no start makes it again.
func (a *Accounts) markFirst(ctx context.Context, account Account) error {
	if account.ID == "" || account.First { // it is deleted, or marked
		return nil
	}
	_, err := a.store.Update(ctx, account.ID, func(stored *Account) error {
		stored.First = stored.First || !stored.Deleted()
		return nil
	})
	return err
}

// restoreAdmin gives the role ADMIN to the first admin, who exists, if nobody has it: an earlier start may have died before it
// did, or the store is an old copy. An account that never was ADMIN does not get the role: its address may be a stranger's.
func (a *Accounts) restoreAdmin(ctx context.Context, account Account, warn func(error)) error {
	if !account.AdminCandidate {
		return nil
	}
	restored := false
	err := a.admins.Update(ctx, func(ids []string) ([]string, error) {
		if restored = len(ids) == 0; restored {
			ids = []string{account.ID}
		}
		return ids, nil
	})
	if err == nil && restored {
		warn(fmt.Errorf("nobody had the role ADMIN: the first admin, account %s, has it now", account.ID))
	}
	return err
}
