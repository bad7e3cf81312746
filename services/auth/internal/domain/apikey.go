package domain

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"time"
)

const (
	// minAPIKey is the shortest key that is accepted: a fast hash protects only what cannot be guessed.
	minAPIKey = 24
	// shownOfAPIKey is how much of a key is kept in the clear, so that its owner can tell it from others.
	shownOfAPIKey = 12
)

// AllPermissions are what an API key can be allowed to do.
func AllPermissions() []string { return []string{"shop:read", "shop:write", "blog:read", "blog:write"} }

// APIKey is an application's right to call the gateway.
type APIKey struct {
	// ID follows from the key, so that a key is found without a search.
	ID string `json:"id"`
	// Name says what the key is for.
	Name string `json:"name"`
	// Prefix is the beginning of the key.
	Prefix string `json:"prefix"`
	// Hash is the SHA-256 of the key, which itself is kept nowhere.
	Hash        string    `json:"hash"`
	Permissions []string  `json:"permissions"`
	CreatedAt   time.Time `json:"createdAt"`
}

// NewAPIKey returns what is kept of a key.
func NewAPIKey(key, name string, permissions []string, now time.Time) (APIKey, error) {
	if len(key) < minAPIKey {
		return APIKey{}, errors.New("an API key needs at least 24 characters")
	}
	return APIKey{
		ID: APIKeyID(key), Name: name, Prefix: key[:shownOfAPIKey], Hash: hashOfAPIKey(key),
		Permissions: permissions, CreatedAt: now.UTC(),
	}, nil
}

// APIKeyID returns the id under which a key is kept.
func APIKeyID(key string) string { return hashOfAPIKey(key)[:32] }

// Matches reports whether this is what is kept of the key, in a time that tells nothing about it.
func (k APIKey) Matches(key string) bool {
	return subtle.ConstantTimeCompare([]byte(k.Hash), []byte(hashOfAPIKey(key))) == 1
}

func hashOfAPIKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}
