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

// followEvery is how often the signing keys are read again; signing.LeadTime counts on it.
const followEvery = 2 * time.Second

// Tokens issues access tokens. They cannot be taken back, so they hold for a short time.
type Tokens struct {
	signer atomic.Pointer[identity.Signer]
}

// NewTokens returns what issues tokens with this signer, until Follow finds another.
func NewTokens(signer *identity.Signer) *Tokens {
	t := &Tokens{}
	t.signer.Store(signer)
	return t
}

// Follow returns what reads the signing keys again and again until ctx ends, so that they may change while the service runs.
// Keys that cannot be had or cannot be read leave those in use.
func (t *Tokens) Follow(read func(ctx context.Context) (string, error), log zerolog.Logger) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		tick := time.NewTicker(followEvery)
		defer tick.Stop()
		for last := ""; ; {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
			if text, err := read(ctx); err == nil && text != last {
				last = text
				t.take(text, log)
			}
		}
	}
}

// take uses other signing keys from now on. What is wrong with them is logged once.
func (t *Tokens) take(text string, log zerolog.Logger) {
	signer, err := identity.NewSigner(text)
	if err != nil {
		log.Error().Err(err).Msg("the signing keys have changed to something that cannot be used; those before stay in use")
		return
	}
	if before := t.signer.Swap(signer); before.KeyID() != signer.KeyID() {
		log.Info().Str("kid", signer.KeyID()).Msg("another key signs access tokens")
	}
}

// Issue returns an access token for an account in one of its sessions, and how long it holds.
func (t *Tokens) Issue(account domain.Account, sessionID string) (token string, ttl time.Duration, err error) {
	caller := identity.Caller{
		ID: account.ID, Email: string(account.Email), Name: account.Name, SessionID: sessionID,
	}
	for _, role := range account.Roles {
		caller.Roles = append(caller.Roles, identity.Role(role))
	}
	token, err = t.signer.Load().Sign(caller, time.Now(), signing.TokenTTL)
	return token, signing.TokenTTL, err
}

// KeySet returns the keys against which the tokens verify.
func (t *Tokens) KeySet() identity.KeySet { return t.signer.Load().KeySet() }

// Published is the key set as other services fetch it: what this one verifies its own tokens against.
func (t *Tokens) Published(context.Context) ([]byte, error) { return json.Marshal(t.KeySet()) }
