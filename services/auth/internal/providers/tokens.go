package providers

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"stoa/pkg/identity"
	"stoa/pkg/identity/signing"
	"stoa/services/auth/internal/domain"
)

// FollowPause is the time between two runs of Follow; signing.LeadTime relies on it.
const FollowPause = 2 * time.Second

// Tokens implements domain.Tokens. Access tokens cannot be revoked, so they are valid for a short time.
type Tokens struct {
	signer atomic.Pointer[identity.Signer]
}

// NewTokens returns tokens of this signer, until Follow finds another.
func NewTokens(signer *identity.Signer) *Tokens {
	t := &Tokens{}
	t.signer.Store(signer)
	return t
}

// Follow returns a task that reads the signing keys, so that they may change while the process runs. If they cannot be read
// or are not valid, the former keys stay in use.
func (t *Tokens) Follow(read func(ctx context.Context) (string, error), log zerolog.Logger) func(ctx context.Context) {
	last := ""
	return func(ctx context.Context) {
		if text, err := read(ctx); err == nil && text != last {
			last = text
			t.take(text, log)
		}
	}
}

// take uses other signing keys from now on, if they are valid.
func (t *Tokens) take(text string, log zerolog.Logger) {
	signer, err := identity.NewSigner(text)
	if err != nil {
		log.Error().Err(err).Msg("the changed signing keys are not valid; the former ones stay in use")
		return
	}
	if before := t.signer.Swap(signer); before.KeyID() != signer.KeyID() {
		log.Info().Str("kid", signer.KeyID()).Msg("a new key signs access tokens")
	}
}

// Issue implements domain.Tokens.
func (t *Tokens) Issue(account domain.Account, sessionID string) (token string, ttl time.Duration, err error) {
	caller := identity.Caller{
		ID: account.ID, Email: string(account.Email), Name: account.Name, SessionID: sessionID,
	}
	for _, role := range account.AllRoles() {
		caller.Roles = append(caller.Roles, identity.Role(role))
	}
	token, err = t.signer.Load().Sign(caller, time.Now(), signing.TokenTTL)
	return token, signing.TokenTTL, err
}

// KeySet returns the public keys that verify the tokens.
func (t *Tokens) KeySet() identity.KeySet { return t.signer.Load().KeySet() }

// Published returns the key set as other services fetch it. This service verifies tokens with it too.
func (t *Tokens) Published(context.Context) ([]byte, error) { return json.Marshal(t.KeySet()) }
