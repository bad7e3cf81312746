// Package bootstrap makes what has to be there before anybody can sign up: an account for each special role, and the API
// key of the web pages. What they are stands in a secret that the first start of the system made.
package bootstrap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/keyformat"
	"stoa/services/auth/internal/domain"
)

// retryPause is how long it waits for a store that is away.
const retryPause = 500 * time.Millisecond

// roles are the roles that get an account, by their name in the secret.
var roles = map[string]domain.Role{
	"admin": domain.Admin, "staff": domain.Staff, "author": domain.Author, "editor": domain.Editor,
}

// Accounts is where the accounts are made.
type Accounts interface {
	Register(ctx context.Context, r domain.Registration, roles ...domain.Role) (domain.Account, error)
}

// Keys is where the API key is kept.
type Keys interface {
	// Ensure stores a key unless it is there already.
	Ensure(ctx context.Context, key domain.APIKey) error
}

// Plan is what the secret asks for, checked.
type Plan struct {
	key      domain.APIKey
	accounts []account
}

type account struct {
	registration domain.Registration
	role         domain.Role
}

// Parse reads the secret: {"apiKey": "...", "accounts": {"admin": {"email": "...", "password": "..."}, ...}}. Its error
// repeats nothing of the secret.
func Parse(secret string) (Plan, error) {
	var text struct {
		APIKey   string `json:"apiKey"`
		Accounts map[string]struct {
			Email    string `json:"email"`
			Password string `json:"password"`
		} `json:"accounts"`
	}
	if err := json.Unmarshal([]byte(secret), &text); err != nil {
		return Plan{}, errors.New("it is not valid JSON of the documented form")
	}
	id, prefix, ok := keyformat.Parse(text.APIKey)
	if !ok {
		return Plan{}, errors.New("apiKey: it is none of ours, or has a typo; leave it to the first start to make one")
	}
	wish := domain.KeyWish{Name: "web pages", Permissions: domain.AllPermissions()}
	key, err := domain.NewAPIKey(id, prefix, text.APIKey, wish, time.Now())
	if err != nil {
		return Plan{}, fmt.Errorf("apiKey: %w", err)
	}
	plan := Plan{key: key}
	for _, name := range slices.Sorted(maps.Keys(text.Accounts)) {
		role, ok := roles[name]
		if !ok {
			return Plan{}, fmt.Errorf("accounts: %q is none of admin, staff, author, editor", name)
		}
		registration, err := domain.NewRegistration(text.Accounts[name].Email, "Stoa "+name, text.Accounts[name].Password)
		if err != nil {
			return Plan{}, fmt.Errorf("accounts.%s: %w", name, err)
		}
		plan.accounts = append(plan.accounts, account{registration, role})
	}
	return plan, nil
}

// Apply makes what the plan asks for and is not there yet, and waits for the store for as long as it is away. Several
// replicas may do it at once. An account that exists is left alone, with its password: its owner may have changed it.
func (p Plan) Apply(ctx context.Context, accounts Accounts, keys Keys, log zerolog.Logger) error {
	for {
		err := p.once(ctx, accounts, keys)
		if !errs.Is(err, errs.Unavailable) {
			return err
		}
		log.Warn().Err(err).Msg("the first accounts cannot be made yet")
		select {
		case <-time.After(retryPause):
		case <-ctx.Done():
			return nil
		}
	}
}

func (p Plan) once(ctx context.Context, accounts Accounts, keys Keys) error {
	for _, a := range p.accounts {
		_, err := accounts.Register(ctx, a.registration, a.role)
		if err != nil && !errs.Is(err, errs.Conflict) {
			return err
		}
	}
	return keys.Ensure(ctx, p.key)
}
