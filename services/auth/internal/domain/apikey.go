package domain

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"stoa/pkg/common/errs"
)

// Permission is what an API key can be allowed to do.
type Permission string

// AllPermissions are those that there are. Who may read may not write by that, nor the other way round.
func AllPermissions() []Permission {
	return []Permission{"blog:read", "blog:write", "shop:read", "shop:write"}
}

const (
	// maxKeyName is the longest name of a key, in characters.
	maxKeyName = 100
	// lastYear is the last one that a time in JSON can be of.
	lastYear = 9999
	// useEvery is how often the use of a key is noted: it is used with every request.
	useEvery = time.Minute
)

// APIKey is an application's right to call the gateway.
type APIKey struct {
	ID string `json:"id"`
	// Name says what the key is for.
	Name string `json:"name"`
	// Prefix is the beginning of the key, by which its owner tells it from others.
	Prefix string `json:"prefix"`
	// Hash is the SHA-256 of the key, which itself is kept nowhere. A fast hash will do: nobody guesses 32 random bytes.
	Hash        string       `json:"hash"`
	Permissions []Permission `json:"permissions"`
	CreatedAt   time.Time    `json:"createdAt"`
	ExpiresAt   time.Time    `json:"expiresAt,omitzero"`
	RevokedAt   time.Time    `json:"revokedAt,omitzero"`
	LastUsedAt  time.Time    `json:"lastUsedAt,omitzero"`
	// Request tells the request that made the key from others.
	Request string `json:"request,omitempty"`
}

// KeyWish is what somebody wants a key to be.
type KeyWish struct {
	Name        string
	Permissions []Permission
	// ExpiresAt is nil for a key that does not expire.
	ExpiresAt *time.Time
}

// NewAPIKey returns what is kept of a key that has this id and begins with this prefix. The error names every field of the
// wish at fault.
func NewAPIKey(id, prefix, key string, wish KeyWish, now time.Time) (APIKey, error) {
	name := strings.TrimSpace(wish.Name)
	if err := errs.InvalidFields(wish.faults(name, now)...); err != nil {
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

func (w KeyWish) faults(name string, now time.Time) (faults []errs.Field) {
	if n := utf8.RuneCountInString(name); n == 0 || n > maxKeyName || strings.ContainsFunc(name, unicode.IsControl) {
		faults = append(faults, errs.Field{Name: "name", Problem: "must have 1 to 100 characters, and no control characters"})
	}
	if len(w.Permissions) == 0 {
		faults = append(faults, errs.Field{Name: "permissions", Problem: "must name at least one"})
	}
	for _, p := range w.Permissions {
		if !slices.Contains(AllPermissions(), p) {
			faults = append(faults, errs.Field{Name: "permissions", Problem: "must be among blog:read, blog:write, shop:read, shop:write"})
			break
		}
	}
	if w.ExpiresAt != nil && (!w.ExpiresAt.After(now) || w.ExpiresAt.UTC().Year() > lastYear) {
		faults = append(faults, errs.Field{Name: "expiresAt", Problem: "must be in the future, in UTC before the year 10000"})
	}
	return faults
}

// Admits reports whether this is what is kept of the key, and the key is good now. How long it takes tells nothing about
// the key.
func (k APIKey) Admits(key string, now time.Time) bool {
	matches := subtle.ConstantTimeCompare([]byte(k.Hash), []byte(hashOfAPIKey(key))) == 1
	return matches && k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || now.Before(k.ExpiresAt))
}

// Revoke ends the key for good. Once is enough: a second time changes nothing.
func (k *APIKey) Revoke(now time.Time) {
	if k.RevokedAt.IsZero() {
		k.RevokedAt = now.UTC()
	}
}

// UseIsNews reports whether the last use that is noted is so long ago that another is worth a write.
func (k APIKey) UseIsNews(now time.Time) bool { return now.Sub(k.LastUsedAt) >= useEvery }

// Use notes that the key was used.
func (k *APIKey) Use(now time.Time) {
	if k.UseIsNews(now) {
		k.LastUsedAt = now.UTC()
	}
}

func hashOfAPIKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}
