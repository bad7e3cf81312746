// Package signing has the keys that sign access tokens, as the secret store keeps them: the current key, the next one, and
// previous ones. A key is published before it signs its first token, and until its last token has expired, so no valid token
// is refused while keys change.
package signing

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// TokenTTL is how long an access token is valid.
	TokenTTL = 15 * time.Minute
	// LinkTTL is how long the links in mails are valid, which keys of their own sign.
	LinkTTL = 60 * 24 * time.Hour
	// Skew is how far apart the clocks of two machines may be.
	Skew = 30 * time.Second
	// LeadTime is how long a key must be published before it signs. Replicas of auth read it within two seconds, and verifiers
	// fetch an unknown key again after three.
	LeadTime = 10 * time.Second
)

// Use is what a key is for.
type Use string

// The uses, in the order in which a key goes through them.
const (
	// Next: published, does not sign yet.
	Next Use = "next"
	// Current: signs.
	Current Use = "current"
	// Previous: no longer signs, but tokens that it signed may still be valid.
	Previous Use = "previous"
)

// Key is one signing key.
type Key struct {
	Private ed25519.PrivateKey
	Use     Use
	// Since is when this use began; zero for a key that was made by other tools.
	Since time.Time
}

// Public is the public key.
func (k Key) Public() ed25519.PublicKey {
	return k.Private.Public().(ed25519.PublicKey) //nolint:forcetypeassert // the public half of an Ed25519 key is one
}

// ID is the thumbprint of the key (RFC 7638): every replica computes the same.
func (k Key) ID() string {
	x := base64.RawURLEncoding.EncodeToString(k.Public())
	// The required members in alphabetical order, which is how encoding/json writes a map.
	raw, _ := json.Marshal(map[string]string{"crv": "Ed25519", "kty": "OKP", "x": x}) // strings always marshal
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Until is when the last signature of a previous key has expired, if signatures are valid for this long; zero for other keys.
func (k Key) Until(valid time.Duration) time.Time {
	if k.Use != Previous {
		return time.Time{}
	}
	return k.Since.Add(valid + 2*Skew)
}

// Bundle is all published keys. One of them is current.
type Bundle []Key

// Fresh returns the first bundle of a system: a key that signs and its successor.
func Fresh(now time.Time) Bundle {
	return Bundle{generate(Current, now), generate(Next, now)}
}

func generate(use Use, now time.Time) Key {
	_, key, _ := ed25519.GenerateKey(rand.Reader) // never fails, by its contract
	return Key{Private: key, Use: use, Since: now.UTC().Truncate(time.Second)}
}

// Find returns the key of this use, if there is one. Of several previous keys it returns any.
func (b Bundle) Find(use Use) (Key, bool) {
	i := slices.IndexFunc(b, func(k Key) bool { return k.Use == use })
	if i < 0 {
		return Key{}, false
	}
	return b[i], true
}

// Prepare returns the bundle with a next key, which it adds if there is none.
func (b Bundle) Prepare(now time.Time) Bundle {
	if _, ok := b.Find(Next); ok {
		return b
	}
	return append(slices.Clone(b), generate(Next, now))
}

// SignsFrom is when the next key may begin to sign, because every verifier then knows it.
func (b Bundle) SignsFrom() time.Time {
	next, _ := b.Find(Next)
	return next.Since.Add(LeadTime)
}

// Rotate returns the bundle after a rotation: the next key becomes current, the current one previous, previous keys are
// dropped once their tokens have expired, and a new next key is made. It fails without a next key, see Prepare.
func (b Bundle) Rotate(now time.Time) (Bundle, error) { return b.RotateAfter(now, TokenTTL) }

// RotateAfter is Rotate for keys whose signatures are valid for this long.
func (b Bundle) RotateAfter(now time.Time, valid time.Duration) (Bundle, error) {
	if _, ok := b.Find(Next); !ok {
		return nil, errors.New("the bundle has no next key")
	}
	at := now.UTC().Truncate(time.Second)
	rotated := Bundle{}
	for _, key := range b {
		switch key.Use {
		case Next:
			key.Use, key.Since = Current, at
		case Current:
			key.Use, key.Since = Previous, at
		case Previous:
			if !now.Before(key.Until(valid)) {
				continue
			}
		}
		rotated = append(rotated, key)
	}
	return append(rotated, generate(Next, now)), nil
}

// A key in a secret is PKCS#8 in PEM, with headers for its use.
const (
	blockType   = "PRIVATE KEY"
	headerUse   = "Use"
	headerSince = "Since"
)

// String returns the bundle, private keys included, in the format that Parse reads.
func (b Bundle) String() string {
	var text strings.Builder
	for _, key := range b {
		der, _ := x509.MarshalPKCS8PrivateKey(key.Private) // an Ed25519 key always marshals
		headers := map[string]string{headerUse: string(key.Use), headerSince: key.Since.Format(time.RFC3339)}
		_ = pem.Encode(&text, &pem.Block{Type: blockType, Headers: headers, Bytes: der}) // a strings.Builder never fails
	}
	return text.String()
}

// Parse reads a bundle in PEM. A key without the header Use, such as one that OpenSSL made, is the current one. Errors do not
// contain the secret.
func Parse(text string) (Bundle, error) {
	var b Bundle
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		key, err := parseKey(block)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", len(b)+1, err)
		}
		b = append(b, key)
	}
	counts := map[Use]int{}
	for _, key := range b {
		counts[key.Use]++
	}
	switch {
	case len(b) == 0:
		return nil, errors.New("the text is not PEM")
	case counts[Current] != 1:
		return nil, fmt.Errorf("%d keys are current instead of one; the header Use says which", counts[Current])
	case counts[Next] > 1:
		return nil, fmt.Errorf("%d keys are next; at most one may be", counts[Next])
	}
	return b, nil
}

func parseKey(block *pem.Block) (Key, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return Key{}, fmt.Errorf("it is not a PKCS#8 key: %w", err)
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return Key{}, fmt.Errorf("it is a %T, not an Ed25519 private key", parsed)
	}
	key := Key{Private: private, Use: Use(block.Headers[headerUse])}
	switch key.Use {
	case "":
		key.Use = Current
	case Next, Current, Previous:
	default:
		return Key{}, errors.New("its header Use must be next, current or previous")
	}
	if since := block.Headers[headerSince]; since != "" {
		if key.Since, err = time.Parse(time.RFC3339, since); err != nil {
			return Key{}, errors.New("its header Since must be a time such as 2026-01-31T12:00:00Z")
		}
	}
	return key, nil
}
