package domain

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"slices"
	"time"

	"stoa/pkg/common/errs"
)

// Permission is what an API key can be allowed to do.
type Permission string

// AllPermissions lists the permissions. None includes another: shop:write does not allow shop:read.
func AllPermissions() []Permission {
	return []Permission{"blog:read", "blog:write", "shop:read", "shop:write"}
}

const (
	// maxKeyName is the longest name of a key, in characters.
	maxKeyName = 100
	// lastYear is the last year that a time in JSON can have.
	lastYear = 9999
	// useEvery is how often the last use of a key is written, because keys are used with every request.
	useEvery = time.Minute
)

// APIKey is an application's right to call the gateway.
type APIKey struct {
	ID string `json:"id"`
	// Name says what the key is for.
	Name string `json:"name"`
	// Prefix is the beginning of the key, by which its owner recognizes it.
	Prefix string `json:"prefix"`
	// Hash is the SHA-256 of the key; the key is not stored. A fast hash is enough, since nobody guesses 32 random bytes.
	Hash        string       `json:"hash"`
	Permissions []Permission `json:"permissions"`
	CreatedAt   time.Time    `json:"createdAt"`
	ExpiresAt   time.Time    `json:"expiresAt,omitzero"`
	RevokedAt   time.Time    `json:"revokedAt,omitzero"`
	LastUsedAt  time.Time    `json:"lastUsedAt,omitzero"`
	// Request is the fingerprint of the request that made the key.
	Request string `json:"request,omitempty"`
}

// KeyWish is the input for a new key.
type KeyWish struct {
	Name        string
	Permissions []Permission
	// ExpiresAt is nil for a key that does not expire.
	ExpiresAt *time.Time
}

// NewAPIKey returns the key with this id, prefix and text. Its error names every wrong field of the wish.
func NewAPIKey(id, prefix, key string, wish KeyWish, now time.Time) (APIKey, error) {
	name, faults := parseName(wish.Name, 1, maxKeyName)
	if err := errs.InvalidFields(append(faults, wish.faults(now)...)...); err != nil {
		return APIKey{}, err
	}
	permissions := slices.Clone(wish.Permissions)
	slices.Sort(permissions)
	made := APIKey{
		ID: id, Name: name, Prefix: prefix, Hash: hashOfAPIKey(key), Permissions: slices.Compact(permissions), CreatedAt: now.UTC(),
	}
	if wish.ExpiresAt != nil {
		made.ExpiresAt = wish.ExpiresAt.UTC()
	}
	return made, nil
}

// faults returns what is wrong with the permissions and the expiry.
func (w KeyWish) faults(now time.Time) (faults []errs.Field) {
	if len(w.Permissions) == 0 {
		faults = append(faults, errs.Field{Name: "permissions", Problem: "must contain at least one permission"})
	}
	for _, p := range w.Permissions {
		if !slices.Contains(AllPermissions(), p) {
			faults = append(faults, errs.Field{Name: "permissions", Problem: "must be blog:read, blog:write, shop:read or shop:write"})
			break
		}
	}
	if w.ExpiresAt != nil && (!w.ExpiresAt.After(now) || w.ExpiresAt.UTC().Year() > lastYear) {
		faults = append(faults, errs.Field{Name: "expiresAt", Problem: "must be in the future and before the year 10000 in UTC"})
	}
	return faults
}

// Admits reports whether the text is the text of this key, and the key is valid now. Its duration reveals nothing about the
// key.
func (k APIKey) Admits(key string, now time.Time) bool {
	matches := subtle.ConstantTimeCompare([]byte(k.Hash), []byte(hashOfAPIKey(key))) == 1
	return matches && k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || now.Before(k.ExpiresAt))
}

// Revoke ends the key for good. A second call changes nothing.
func (k *APIKey) Revoke(now time.Time) {
	if k.RevokedAt.IsZero() {
		k.RevokedAt = now.UTC()
	}
}

// UseIsDue reports whether the recorded last use is old enough to be written again.
func (k APIKey) UseIsDue(now time.Time) bool { return now.Sub(k.LastUsedAt) >= useEvery }

// Use records that the key was used, if that is due.
func (k *APIKey) Use(now time.Time) {
	if k.UseIsDue(now) {
		k.LastUsedAt = now.UTC()
	}
}

func hashOfAPIKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}
