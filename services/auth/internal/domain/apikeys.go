package domain

import (
	"context"
	"fmt"
	"sync"
	"time"

	"stoa/pkg/common/errs"
)

// APIKeyStore stores API keys.
type APIKeyStore interface {
	// Create stores a new key, unless still fails, which it calls right before. It fails with errs.Conflict if a key has the
	// same id.
	Create(ctx context.Context, key APIKey, still func(*APIKey) error) error
	// Get returns the key with this id, or errs.NotFound.
	Get(ctx context.Context, id string) (APIKey, error)
	// Update changes a key by a pure function, which may run several times. It fails with errs.NotFound for an unknown id.
	Update(ctx context.Context, id string, change func(*APIKey) error) (APIKey, error)
	// List returns a page of all keys, newest first, and the cursor of the next page, "" on the last.
	List(ctx context.Context, cursor string, limit int) (keys []APIKey, next string, err error)
}

// KeyFormat writes and reads the text of API keys.
type KeyFormat struct {
	// New makes a key with this id.
	New func(id string) (key string)
	// Parse returns the id of a key and the prefix to show; ok is false for a text that is not a key.
	Parse func(key string) (id, prefix string, ok bool)
}

// UsesPause is how long uses of keys wait for WriteUses.
const UsesPause = time.Second

// APIKeys has the use cases of API keys.
type APIKeys struct {
	store     APIKeyStore
	authority *Authority
	format    KeyFormat

	mu   sync.Mutex
	uses map[string]time.Time // by the id of a key, the use that is to be written
}

// NewAPIKeys returns the API keys in a store.
func NewAPIKeys(store APIKeyStore, authority *Authority, format KeyFormat) *APIKeys {
	return &APIKeys{store: store, authority: authority, format: format, uses: map[string]time.Time{}}
}

// Create creates an API key with this id, and returns it with its text, which is not stored. Only an ADMIN may. If a key with
// this id exists, it fails with errs.Conflict for the same request and with errs.KeyReused for another.
func (k *APIKeys) Create(ctx context.Context, by Actor, id, request string, wish KeyWish) (key APIKey, text string, err error) {
	admin, err := k.authority.account(ctx, by, CreateAPIKey)
	if err != nil {
		return APIKey{}, "", err
	}
	text = k.format.New(id)
	_, prefix, _ := k.format.Parse(text)
	if key, err = NewAPIKey(id, prefix, text, wish, time.Now()); err != nil {
		return APIKey{}, "", err
	}
	key.Request = request
	entry := CreateAPIKey.entry(admin.ID, by.From).about(id, fmt.Sprint(key.Permissions))
	err = k.store.Create(ctx, key, lasting(ctx, k.authority, by, entry, func(*APIKey) error { return nil }))
	if errs.Is(err, errs.Conflict) {
		err = k.createdBefore(ctx, key)
	}
	return key, text, err
}

// createdBefore is the error for a repeated request: the text of the key is not stored, so it cannot be shown again.
func (k *APIKeys) createdBefore(ctx context.Context, key APIKey) error {
	stored, err := k.store.Get(ctx, key.ID)
	switch {
	case err != nil:
		return err
	case stored.Request != key.Request:
		return errs.New(errs.KeyReused, "this Idempotency-Key was used for another request")
	default:
		return errs.New(errs.Conflict, "this request has made the API key %s already, and a key is shown only once; "+
			"if you did not get it, revoke it and create another one with a new Idempotency-Key", stored.ID)
	}
}

// Verify returns a key that is valid now. It fails with the same errs.Forbidden for a key that is unknown, expired or
// revoked. A text that is not a key costs no read.
func (k *APIKeys) Verify(ctx context.Context, text string) (key APIKey, err error) {
	if id, _, ok := k.format.Parse(text); ok {
		key, err = k.store.Get(ctx, id)
	}
	if err != nil && !errs.Is(err, errs.NotFound) {
		return APIKey{}, err
	}
	now := time.Now()
	if !key.Admits(text, now) {
		return APIKey{}, errs.New(errs.Forbidden, "this API key is not valid")
	}
	k.note(key, now)
	return key, nil
}

// Get returns a key, or errs.NotFound.
func (k *APIKeys) Get(ctx context.Context, id string) (APIKey, error) { return k.store.Get(ctx, id) }

// List returns a page of all keys, newest first, and the cursor of the next page, "" on the last.
func (k *APIKeys) List(ctx context.Context, cursor string, limit int) (keys []APIKey, next string, err error) {
	return k.store.List(ctx, cursor, limit)
}

// Revoke ends a key for good. Only an ADMIN may. It fails with errs.NotFound for an unknown id.
func (k *APIKeys) Revoke(ctx context.Context, by Actor, id string) error {
	admin, err := k.authority.account(ctx, by, RevokeAPIKey)
	if err != nil {
		return err
	}
	entry := RevokeAPIKey.entry(admin.ID, by.From).about(id, "")
	_, err = k.store.Update(ctx, id, lasting(ctx, k.authority, by, entry, func(key *APIKey) error {
		key.Revoke(time.Now())
		return nil
	}))
	return err
}

// note leaves the use of a key to WriteUses, if it is due to be written.
func (k *APIKeys) note(key APIKey, now time.Time) {
	if key.UseIsDue(now) {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.uses[key.ID] = now
	}
}

// WriteUses writes when keys were last used, so that callers do not wait for the write. It does not repeat a failed write,
// because the next use of the key comes soon.
func (k *APIKeys) WriteUses(ctx context.Context) {
	k.mu.Lock()
	uses := k.uses
	k.uses = map[string]time.Time{}
	k.mu.Unlock()
	for id, at := range uses {
		_, _ = k.store.Update(ctx, id, func(key *APIKey) error {
			key.Use(at)
			return nil
		})
	}
}
