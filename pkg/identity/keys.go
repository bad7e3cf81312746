package identity

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"stoa/pkg/sidecar"
)

const (
	// keysFresh is how long the key set is used before it is fetched again. A withdrawn key is accepted for about this long,
	// and longer while the key set cannot be fetched.
	keysFresh = 5 * time.Minute
	// fetchPause is the least time between two fetches, so that tokens with invented key ids cannot cause a flood of them.
	// A token of a new key may be refused for this long after the last fetch.
	fetchPause = 3 * time.Second
)

// Keys returns a function that fetches the published key set from the app `auth`, for NewTokenVerifier.
func Keys(s *sidecar.Sidecar) func(ctx context.Context) ([]byte, error) {
	return func(ctx context.Context) ([]byte, error) {
		var raw json.RawMessage
		err := s.Invoke(ctx, "auth", http.MethodGet, "/api/v1/auth/.well-known/jwks.json", nil, &raw)
		return raw, err
	}
}

// keySet is the published keys, by id.
type keySet map[string]ed25519.PublicKey

// newKeyring remembers the key set, under the empty name. fetch fetches it as a JWK Set.
func newKeyring(fetch func(ctx context.Context) ([]byte, error)) *answers[keySet] {
	return newAnswers(1, keysFresh, fetchPause, func(ctx context.Context, _ string) (keySet, error) {
		raw, err := fetch(ctx)
		if err != nil {
			return nil, err
		}
		return parseKeySet(raw)
	})
}

// key returns the key with this id. Known keys come from memory, even while auth is down. An unknown key causes a fetch; if that
// fails, the error is errs.Unavailable.
func (v *TokenVerifier) key(ctx context.Context, id string) (ed25519.PublicKey, error) {
	keys, err := v.keys.get(ctx, "", func(keys keySet, _ time.Duration) bool { return keys[id] != nil })
	if err == nil && keys[id] == nil {
		err = errors.New("the token names a key that is not published")
	}
	return keys[id], err
}

// parseKeySet reads a key set. It skips keys of other types, which may have another purpose.
func parseKeySet(raw []byte) (keySet, error) {
	var set KeySet
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, err
	}
	keys := keySet{}
	for _, jwk := range set.Keys {
		if key, ok := jwk.public(); ok {
			keys[jwk.ID] = key
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the key set has no Ed25519 key")
	}
	return keys, nil
}
