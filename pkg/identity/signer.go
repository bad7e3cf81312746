package identity

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"stoa/pkg/common/ids"
	"stoa/pkg/identity/signing"
)

// Signer issues access tokens. It is in the package of the verifier, so that one package knows the format of a token.
type Signer struct {
	keys    signing.Bundle
	current signing.Key
}

// NewSigner returns the signer with the keys of this text, in the format of signing.Parse.
func NewSigner(text string) (*Signer, error) {
	keys, err := signing.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("the signing keys cannot be read: %w", err)
	}
	current, _ := keys.Find(signing.Current) // Parse makes sure that there is one
	return &Signer{keys: keys, current: current}, nil
}

// Sign returns an access token for the caller, valid from now until ttl has passed.
func (s *Signer) Sign(c Caller, now time.Time, ttl time.Duration) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: c.ID, ID: ids.New(),
			IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(ttl)),
		},
		SessionID: c.SessionID, Email: c.Email, Name: c.Name, Roles: c.Roles,
	})
	token.Header["typ"], token.Header["kid"] = tokenType, s.KeyID()
	signed, err := token.SignedString(s.current.Private)
	if err != nil {
		return "", fmt.Errorf("signing an access token: %w", err)
	}
	return signed, nil
}

// KeyID is the id of the key that signs.
func (s *Signer) KeyID() string { return s.current.ID() }

// KeySet is the document of public keys that verifiers fetch (a JWK Set, RFC 7517).
type KeySet struct {
	Keys []JWK `json:"keys"`
}

// JWK is one public key (RFC 7517, RFC 8037).
type JWK struct {
	KeyType   string `json:"kty"`
	Curve     string `json:"crv"`
	X         string `json:"x"`
	ID        string `json:"kid"`
	Algorithm string `json:"alg"`
	Use       string `json:"use"`
}

// KeySet returns the public keys of the bundle. With them, verifiers check tokens of the previous, current and next key.
func (s *Signer) KeySet() KeySet {
	var set KeySet
	for _, key := range s.keys {
		set.Keys = append(set.Keys, JWK{
			KeyType: "OKP", Curve: "Ed25519", X: base64.RawURLEncoding.EncodeToString(key.Public()),
			ID: key.ID(), Algorithm: jwt.SigningMethodEdDSA.Alg(), Use: "sig",
		})
	}
	return set
}

// public returns the key if it is an Ed25519 key with an id, as our tokens need.
func (k JWK) public() (ed25519.PublicKey, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(k.X)
	ok := err == nil && k.KeyType == "OKP" && k.Curve == "Ed25519" && k.ID != "" && len(raw) == ed25519.PublicKeySize
	return raw, ok
}
