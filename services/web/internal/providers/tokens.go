// Package providers has what pages need of others: the operations of the services (api), and how they look (view).
package providers

import (
	"context"
	"time"

	"golang.org/x/sync/singleflight"

	"stoa/pkg/identity"
	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/providers/api"
)

// exchangeTimeout bounds an exchange of tokens, which goes on when the request that began it is given up.
const exchangeTimeout = 5 * time.Second

// Tokens implements domain.Tokens by auth.
type Tokens struct {
	auth      *api.Client
	verifier  identity.Verifier
	exchanges singleflight.Group
}

// NewTokens returns the tokens of auth. The verifier knows which sessions have ended.
func NewTokens(auth *api.Client, verifier identity.Verifier) *Tokens {
	return &Tokens{auth: auth, verifier: verifier}
}

// Refresh implements domain.Tokens.
func (t *Tokens) Refresh(ctx context.Context, refreshToken string) (domain.Grant, error) {
	done := t.exchanges.DoChan(refreshToken, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), exchangeTimeout)
		defer cancel()
		return t.auth.Refresh(ctx, refreshToken)
	})
	select {
	case result := <-done:
		grant, _ := result.Val.(domain.Grant)
		return grant, result.Err
	case <-ctx.Done():
		return domain.Grant{}, ctx.Err()
	}
}

// Check implements domain.Tokens.
func (t *Tokens) Check(ctx context.Context, accessToken string) (domain.Person, error) {
	caller, err := t.verifier.Verify(ctx, accessToken)
	person := domain.Person{ID: caller.ID, Name: caller.Name, Email: caller.Email, Verified: caller.Verified}
	for _, role := range caller.Roles {
		person.Roles = append(person.Roles, string(role))
	}
	return person, err
}

// SignOut implements domain.Tokens.
func (t *Tokens) SignOut(ctx context.Context, accessToken string) error {
	return t.auth.SignOut(api.WithToken(ctx, accessToken))
}
