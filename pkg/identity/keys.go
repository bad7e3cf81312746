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
	// keysFresh is how long the key set is used before it is fetched again. A withdrawn key is accepted for about this long,
	// and longer while the key set cannot be fetched.
	keysFresh = 5 * time.Minute
	// fetchPause is the least time between two fetches, so that tokens with invented key ids cannot cause a flood of them.
	// A token of a new key may be refused for this long after the last fetch.
	fetchPause = 3 * time.Second
	// retryPause is the least time after a failed fetch: short, so that an outage ends quickly for callers.
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

// keyring caches a key set. Known keys come from memory, even while auth is down. An unknown key causes a fetch; all callers
// that wait for it share one.
type keyring struct {
	fetch  func(ctx context.Context) ([]byte, error)
	flight singleflight.Group

	mu    sync.Mutex
	keys  map[string]ed25519.PublicKey
	next  time.Time // the earliest time of the next fetch
	stale time.Time // from then on a fetch is due
	err   error     // of the last fetch
}

func newKeyring(fetch func(ctx context.Context) ([]byte, error)) *keyring {
	return &keyring{fetch: fetch}
}

var errUnknownKey = errors.New("the token names a key that is not published")

// get returns the key with this id. It fails with errs.Unavailable if the key is unknown and the key set cannot be fetched.
func (k *keyring) get(ctx context.Context, kid string) (ed25519.PublicKey, error) {
	key, known, fresh := k.lookup(kid)
	if known && fresh {
		return key, nil
	}
	done := k.flight.DoChan("", func() (any, error) { return nil, k.refresh(context.WithoutCancel(ctx)) })
	if known {
		return key, nil // the caller does not wait for the refresh
	}
	select {
	case result := <-done:
		if result.Err != nil {
			return nil, result.Err
		}
	case <-ctx.Done():
		return nil, errs.Wrap(errs.Unavailable, ctx.Err(), "access tokens cannot be checked now: auth did not send its keys in time")
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

// refresh fetches the key set, unless that happened a moment ago: then it returns the same result. It runs in one goroutine at
// a time.
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

// load fetches and reads the key set. It fails with errs.Unavailable only, because the caller's token is never at fault.
func (k *keyring) load(ctx context.Context) (map[string]ed25519.PublicKey, error) {
	raw, err := k.fetch(ctx)
	if err == nil {
		var keys map[string]ed25519.PublicKey
		if keys, err = parseKeySet(raw); err == nil {
			return keys, nil
		}
	}
	return nil, errs.Wrap(errs.Unavailable, err, "access tokens cannot be checked now: their keys cannot be fetched")
}

// parseKeySet reads a key set. It skips keys of other types, which may have another purpose.
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
		return nil, errors.New("the key set has no Ed25519 key")
	}
	return keys, nil
}
