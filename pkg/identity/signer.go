package identity

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"stoa/pkg/common/ids"
)

// Signer issues access tokens. It stands beside the verifier, so that one place knows what a token looks like.
type Signer struct {
	key ed25519.PrivateKey
	kid string
}

// NewSigner returns the signer for an Ed25519 private key in PKCS#8 PEM.
func NewSigner(pemText string) (*Signer, error) {
	block, _ := pem.Decode([]byte(pemText))
	if block == nil {
		return nil, errors.New("the signing key is no PEM text")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the signing key is no PKCS#8 key: %w", err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("the signing key is a %T, not an Ed25519 private key", parsed)
	}
	return &Signer{key: key, kid: publicJWK(key).thumbprint()}, nil
}

// Sign returns an access token for the caller, valid from now on for ttl.
func (s *Signer) Sign(c Caller, now time.Time, ttl time.Duration) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: c.ID, ID: ids.New(),
			IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(ttl)),
		},
		SessionID: c.SessionID, Email: c.Email, Name: c.Name, Roles: c.Roles,
	})
	token.Header["typ"], token.Header["kid"] = tokenType, s.kid
	signed, err := token.SignedString(s.key)
	if err != nil {
		return "", fmt.Errorf("signing an access token: %w", err)
	}
	return signed, nil
}

// KeySet is the public half of the signing keys, as verifiers fetch it (RFC 7517).
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

// KeySet returns the keys against which the tokens of this signer verify.
func (s *Signer) KeySet() KeySet {
	key := publicJWK(s.key)
	key.ID, key.Algorithm, key.Use = s.kid, jwt.SigningMethodEdDSA.Alg(), "sig"
	return KeySet{Keys: []JWK{key}}
}

func publicJWK(key ed25519.PrivateKey) JWK {
	public := key.Public().(ed25519.PublicKey) //nolint:forcetypeassert // the public half of an Ed25519 key is one
	return JWK{KeyType: "OKP", Curve: "Ed25519", X: base64.RawURLEncoding.EncodeToString(public)}
}

// thumbprint names the key by its content (RFC 7638), so that every replica gives it the same name.
func (k JWK) thumbprint() string {
	// The required members in alphabetical order, which is how encoding/json writes a map.
	raw, _ := json.Marshal(map[string]string{"crv": k.Curve, "kty": k.KeyType, "x": k.X}) // strings always marshal
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// public returns the key, if it is one that our tokens may be signed with.
func (k JWK) public() (ed25519.PublicKey, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(k.X)
	ok := err == nil && k.KeyType == "OKP" && k.Curve == "Ed25519" && k.ID != "" && len(raw) == ed25519.PublicKeySize
	return raw, ok
}
