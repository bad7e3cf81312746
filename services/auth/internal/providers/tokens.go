package providers

import (
	"context"
	"encoding/json"
	"time"

	"stoa/pkg/identity"
	"stoa/services/auth/internal/domain"
)

// accessTTL is how long an access token holds. It cannot be taken back, so it is short.
const accessTTL = 15 * time.Minute

// Tokens issues access tokens.
type Tokens struct{ signer *identity.Signer }

// NewTokens returns what issues tokens with this signer.
func NewTokens(signer *identity.Signer) *Tokens { return &Tokens{signer: signer} }

// Issue returns an access token for an account in one of its sessions, and how long it holds.
func (t *Tokens) Issue(account domain.Account, sessionID string) (token string, ttl time.Duration, err error) {
	caller := identity.Caller{
		ID: account.ID, Email: string(account.Email), Name: account.Name, SessionID: sessionID,
	}
	for _, role := range account.Roles {
		caller.Roles = append(caller.Roles, identity.Role(role))
	}
	token, err = t.signer.Sign(caller, time.Now(), accessTTL)
	return token, accessTTL, err
}

// KeySet returns the keys against which the tokens verify.
func (t *Tokens) KeySet() identity.KeySet { return t.signer.KeySet() }

// Published is the key set as other services fetch it: what this one verifies its own tokens against.
func (t *Tokens) Published(context.Context) ([]byte, error) { return json.Marshal(t.KeySet()) }
