package identity

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
)

const (
	// keysFresh is how long the key set is used before it is looked at again: a key that was withdrawn lives on this long.
	keysFresh = 5 * time.Minute
	// fetchPause is the least time between two fetches, so that tokens with invented key ids cannot make a flood of them.
	// A token of a brand-new key may be refused this long after the last one.
	fetchPause = 3 * time.Second
	// retryPause is the same after a failed fetch: who waits for an outage to end should not wait much longer.
	retryPause = 250 * time.Millisecond
	// fetchTimeout bounds one fetch.
	fetchTimeout = 2 * time.Second
)

// Keys returns a function that fetches the published key set from the app `auth`, for NewTokenVerifier.
func Keys(s *sidecar.Sidecar) func(ctx context.Context) ([]byte, error) {
	return func(ctx context.Context) ([]byte, error) {
		var raw json.RawMessage
		err := s.Invoke(ctx, "auth", http.MethodGet, "/api/v1/auth/.well-known/jwks.json", nil, &raw)
		return raw, err
	}
}

// keyring caches a key set. Known keys are answered from memory, and go on being answered while the issuer is down; an
// unknown one is looked up, by one fetch for all who wait.
type keyring struct {
	fetch  func(ctx context.Context) ([]byte, error)
	flight singleflight.Group

	mu    sync.Mutex
	keys  map[string]ed25519.PublicKey
	next  time.Time // not fetched again before
	stale time.Time // worth fetching again from
	err   error     // of the last fetch
}

func newKeyring(fetch func(ctx context.Context) ([]byte, error)) *keyring {
	return &keyring{fetch: fetch}
}

var errUnknownKey = errors.New("the token names a key that is not published")

// get returns the key with this id: errs.Unavailable if it is not known and the key set cannot be fetched.
func (k *keyring) get(ctx context.Context, kid string) (ed25519.PublicKey, error) {
	key, known, fresh := k.lookup(kid)
	if known && fresh {
		return key, nil
	}
	done := k.flight.DoChan("", func() (any, error) { return nil, k.refresh(context.WithoutCancel(ctx)) })
	if known {
		return key, nil // the refresh goes on behind the caller's back
	}
	select {
	case result := <-done:
		if result.Err != nil {
			return nil, result.Err
		}
	case <-ctx.Done():
		return nil, errs.Wrap(errs.Unavailable, ctx.Err(), "the keys of access tokens did not come in time")
	}
	if key, known, _ = k.lookup(kid); !known {
		return nil, errUnknownKey
	}
	return key, nil
}

func (k *keyring) lookup(kid string) (key ed25519.PublicKey, known, fresh bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key, known = k.keys[kid]
	return key, known, time.Now().Before(k.stale)
}

// refresh fetches the key set, unless that was done a moment ago: then its outcome still stands. It runs in one
// goroutine at a time.
func (k *keyring) refresh(ctx context.Context) error {
	k.mu.Lock()
	next, last := k.next, k.err
	k.mu.Unlock()
	if time.Now().Before(next) {
		return last
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	keys, err := k.load(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	k.err, k.next = err, now.Add(retryPause)
	if err == nil {
		k.keys, k.next, k.stale = keys, now.Add(fetchPause), now.Add(keysFresh)
	}
	return err
}

// load fetches and reads the key set. Whatever goes wrong is no fault of the caller's token, hence errs.Unavailable.
func (k *keyring) load(ctx context.Context) (map[string]ed25519.PublicKey, error) {
	raw, err := k.fetch(ctx)
	if err == nil {
		var keys map[string]ed25519.PublicKey
		if keys, err = parseKeySet(raw); err == nil {
			return keys, nil
		}
	}
	return nil, errs.Wrap(errs.Unavailable, err, "access tokens cannot be checked now: their keys are not to be had")
}

// parseKeySet reads a key set. Keys of other kinds are skipped: they may be for others.
func parseKeySet(raw []byte) (map[string]ed25519.PublicKey, error) {
	var set KeySet
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, err
	}
	keys := make(map[string]ed25519.PublicKey, len(set.Keys))
	for _, jwk := range set.Keys {
		if key, ok := jwk.public(); ok {
			keys[jwk.ID] = key
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the key set holds no Ed25519 key")
	}
	return keys, nil
}
