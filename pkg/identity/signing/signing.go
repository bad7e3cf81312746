// Package signing is the keys that access tokens are signed with, as the secret store holds them: a key that signs, one that
// is published ahead of its turn, and those whose tokens have not all expired yet. Because everybody knows a key before it
// signs and for as long as its tokens hold, no valid token is refused while keys change.
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
	// TokenLife is how long an access token holds.
	TokenLife = 15 * time.Minute
	// Skew is how far the clocks of two machines may be apart.
	Skew = 30 * time.Second
	// Settle is how long a key has to be published before it signs: for replicas to read it (two seconds), and for those
	// who verify to ask again (three).
	Settle = 10 * time.Second
)

// Use is what a key is for.
type Use string

// The uses, in the order in which a key goes through them.
const (
	// Next is published and does not sign yet.
	Next Use = "next"
	// Current signs.
	Current Use = "current"
	// Previous signs no more; tokens of it may still hold.
	Previous Use = "previous"
)

// Key is one signing key.
type Key struct {
	Private ed25519.PrivateKey
	Use     Use
	// Since is when this use began; zero for a key that somebody made by hand and that was current from the start.
	Since time.Time
}

// Public is the half that is published.
func (k Key) Public() ed25519.PublicKey {
	return k.Private.Public().(ed25519.PublicKey) //nolint:forcetypeassert // the public half of an Ed25519 key is one
}

// ID names the key by its content (RFC 7638), so that every replica gives it the same name.
func (k Key) ID() string {
	x := base64.RawURLEncoding.EncodeToString(k.Public())
	// The required members in alphabetical order, which is how encoding/json writes a map.
	raw, _ := json.Marshal(map[string]string{"crv": "Ed25519", "kty": "OKP", "x": x}) // strings always marshal
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Until is when a previous key is not needed any more; zero for others.
func (k Key) Until() time.Time {
	if k.Use != Previous {
		return time.Time{}
	}
	return k.Since.Add(TokenLife + 2*Skew)
}

// Bundle is all keys that are published. One of them is current.
type Bundle []Key

// Fresh returns the first bundle of a system: a key that signs and its successor.
func Fresh(now time.Time) Bundle {
	return Bundle{generate(Current, now), generate(Next, now)}
}

func generate(use Use, now time.Time) Key {
	_, key, _ := ed25519.GenerateKey(rand.Reader) // never fails: neither does its source of randomness
	return Key{Private: key, Use: use, Since: now.UTC().Truncate(time.Second)}
}

// Find returns the key of this use, if there is one; of previous keys any.
func (b Bundle) Find(use Use) (Key, bool) {
	i := slices.IndexFunc(b, func(k Key) bool { return k.Use == use })
	if i < 0 {
		return Key{}, false
	}
	return b[i], true
}

// Prepare returns the bundle with a next key; a bundle of a single key has none.
func (b Bundle) Prepare(now time.Time) Bundle {
	if _, ok := b.Find(Next); ok {
		return b
	}
	return append(slices.Clone(b), generate(Next, now))
}

// Settled is when the next key may sign: by then everybody knows it.
func (b Bundle) Settled() time.Time {
	next, _ := b.Find(Next)
	return next.Since.Add(Settle)
}

// Rotate returns the bundle in which the next key signs, the current one is kept until its tokens have expired, those for
// which that is so are gone, and a new key is published ahead. It needs a next key, see Prepare.
func (b Bundle) Rotate(now time.Time) (Bundle, error) {
	if _, ok := b.Find(Next); !ok {
		return nil, errors.New("no key is published ahead that could sign now")
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
			if !now.Before(key.Until()) {
				continue
			}
		}
		rotated = append(rotated, key)
	}
	return append(rotated, generate(Next, now)), nil
}

// The form of a key in a secret: PKCS#8 in PEM, with what it is for as headers.
const (
	blockType   = "PRIVATE KEY"
	headerUse   = "Use"
	headerSince = "Since"
)

// String writes the bundle as Parse reads it. It holds the private keys.
func (b Bundle) String() string {
	var text strings.Builder
	for _, key := range b {
		der, _ := x509.MarshalPKCS8PrivateKey(key.Private) // an Ed25519 key always marshals
		headers := map[string]string{headerUse: string(key.Use), headerSince: key.Since.Format(time.RFC3339)}
		_ = pem.Encode(&text, &pem.Block{Type: blockType, Headers: headers, Bytes: der}) // a Builder takes all
	}
	return text.String()
}

// Parse reads a bundle. A single key that does not say what it is for is the current one, as tools make it. Its errors
// repeat nothing of the secret.
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
		return nil, errors.New("it is no PEM text")
	case counts[Current] != 1:
		return nil, fmt.Errorf("%d of its keys are current, and one has to be; they say so in a header Use", counts[Current])
	case counts[Next] > 1:
		return nil, fmt.Errorf("%d of its keys are next; one may be", counts[Next])
	}
	return b, nil
}

func parseKey(block *pem.Block) (Key, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return Key{}, fmt.Errorf("it is no PKCS#8 key: %w", err)
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
		return Key{}, errors.New("its header Use is none of next, current, previous")
	}
	if since := block.Headers[headerSince]; since != "" {
		if key.Since, err = time.Parse(time.RFC3339, since); err != nil {
			return Key{}, errors.New("its header Since is no time such as 2026-01-31T12:00:00Z")
		}
	}
	return key, nil
}
