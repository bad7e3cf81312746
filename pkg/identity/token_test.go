package identity_test

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/identity"
	"stoa/pkg/identity/signing"
)

var ada = identity.Caller{
	ID: "a-1", Email: "ada@example.org", Name: "Ada", SessionID: "s-1",
	Roles: []identity.Role{identity.Learner, identity.Staff},
}

// newKey returns a private key and the signer that uses it.
func newKey(t *testing.T) (ed25519.PrivateKey, *identity.Signer) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der := must.Get(x509.MarshalPKCS8PrivateKey(key))(t)
	signer := must.Get(identity.NewSigner(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))))(t)
	return key, signer
}

// published returns the fetch function of a verifier that knows these signers' keys.
func published(signers ...*identity.Signer) func(context.Context) ([]byte, error) {
	var all identity.KeySet
	for _, s := range signers {
		all.Keys = append(all.Keys, s.KeySet().Keys...)
	}
	return func(context.Context) ([]byte, error) { return json.Marshal(all) }
}

func TestTokenVerifier_acceptsSignedTokens(t *testing.T) {
	_, signer := newKey(t)
	issued := time.Now().Truncate(time.Second)
	token := must.Get(signer.Sign(ada, issued, time.Minute))(t)
	verifier, want := identity.NewTokenVerifier(published(signer)), ada
	want.ExpiresAt = issued.Add(time.Minute)
	for range 2 { // the second time from memory
		got, err := verifier.Verify(t.Context(), token)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
	}
}

// A token that was valid once must not be accepted for ever.
func TestTokenVerifier_refusesTokensThatHaveExpiredSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, signer := newKey(t)
		verifier, token := identity.NewTokenVerifier(published(signer)), tokenOf(t, signer)
		for _, tt := range []struct {
			wait time.Duration
			ok   bool
		}{{0, true}, {time.Hour - time.Second, true}, {30 * time.Second, true}, {time.Second, false}} {
			time.Sleep(tt.wait)
			if _, err := verifier.Verify(t.Context(), token); errs.Is(err, errs.Unauthenticated) == tt.ok {
				t.Errorf("after another %s: got %v, want ok=%v", tt.wait, err, tt.ok)
			}
		}
	})
}

// object is a JSON object of a forged token.
type object map[string]any

// with returns a copy in which these members are different; nil removes one.
func (o object) with(changes object) object {
	changed := maps.Clone(o)
	maps.Copy(changed, changes)
	maps.DeleteFunc(changed, func(_ string, v any) bool { return v == nil })
	return changed
}

// forge writes a token by hand, so that it can be wrong in every way.
func forge(t *testing.T, header, payload object, sign func(text []byte) []byte) string {
	t.Helper()
	parts := make([]string, 2)
	for i, part := range []object{header, payload} {
		raw := must.Get(json.Marshal(part))(t)
		parts[i] = base64.RawURLEncoding.EncodeToString(raw)
	}
	text := strings.Join(parts, ".")
	return text + "." + base64.RawURLEncoding.EncodeToString(sign([]byte(text)))
}

// forgery has the parts of a valid token, which a test changes, and a verifier that must refuse the changed token.
type forgery struct {
	verifier        *identity.TokenVerifier
	key, otherKey   ed25519.PrivateKey
	public, other   identity.JWK
	header, payload object
}

func newForgery(t *testing.T) forgery {
	t.Helper()
	key, signer := newKey(t)
	otherKey, other := newKey(t)
	f := forgery{
		verifier: identity.NewTokenVerifier(published(signer)), key: key, otherKey: otherKey,
		public: signer.KeySet().Keys[0], other: other.KeySet().Keys[0],
	}
	now := time.Now()
	f.header = object{"alg": "EdDSA", "typ": "at+jwt", "kid": f.public.ID}
	f.payload = object{
		"iss": "stoa", "aud": []string{"stoa"}, "sub": "a-1", "sid": "s-1", "jti": "t-1", "roles": []string{"ADMIN"},
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	}
	if _, err := f.verifier.Verify(t.Context(), f.honest(t)); err != nil {
		t.Fatalf("the valid token must be accepted, or the test proves nothing: %v", err)
	}
	return f
}

func (f forgery) honest(t *testing.T) string { return forge(t, f.header, f.payload, byKey(f.key)) }

// refuses fails the test unless the verifier refuses every token.
func (f forgery) refuses(t *testing.T, tokens map[string]string) {
	t.Helper()
	for name, token := range tokens {
		t.Run(name, func(t *testing.T) {
			if caller, err := f.verifier.Verify(t.Context(), token); !errs.Is(err, errs.Unauthenticated) {
				t.Errorf("got %+v, %v; want unauthenticated", caller, err)
			}
		})
	}
}

func byKey(key ed25519.PrivateKey) func([]byte) []byte {
	return func(text []byte) []byte { return ed25519.Sign(key, text) }
}

func byHMAC(secret []byte) func([]byte) []byte {
	return func(text []byte) []byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write(text)
		return mac.Sum(nil)
	}
}

func unsigned([]byte) []byte { return nil }

func TestTokenVerifier_refusesBrokenTokens(t *testing.T) {
	f := newForgery(t)
	honest := f.honest(t)
	signature := honest[strings.LastIndex(honest, ".")+1:]
	f.refuses(t, map[string]string{
		"empty":                "",
		"not a token":          "abc",
		"two parts":            strings.TrimSuffix(honest, "."+signature),
		"no signature":         strings.TrimSuffix(honest, signature),
		"truncated":            honest[:len(honest)-5],
		"five parts":           honest + ".a.b",
		"tampered payload":     forge(t, f.header, f.payload.with(object{"sub": "a-2"}), unsigned) + signature,
		"payload is an array":  strings.Replace(honest, strings.Split(honest, ".")[1], "W10", 1),
		"padding bits changed": honest[:len(honest)-1] + string(honest[len(honest)-1]+1), // other padding bits, same bytes
	})
}

func TestTokenVerifier_refusesForgedHeaders(t *testing.T) {
	f := newForgery(t)
	x := must.Get(base64.RawURLEncoding.DecodeString(f.public.X))(t)
	header := func(changes object, sign func([]byte) []byte) string {
		return forge(t, f.header.with(changes), f.payload, sign)
	}
	own, foreign := byKey(f.key), byKey(f.otherKey)
	f.refuses(t, map[string]string{
		"algorithm none":              header(object{"alg": "none"}, unsigned),
		"algorithm None":              header(object{"alg": "None"}, unsigned),
		"no algorithm":                header(object{"alg": nil}, own),
		"HS256 with the public key":   header(object{"alg": "HS256"}, byHMAC(x)),
		"HS256 with the encoded key":  header(object{"alg": "HS256"}, byHMAC([]byte(f.public.X))),
		"algorithm of another family": header(object{"alg": "ES256"}, own),
		"signed by another key":       header(nil, foreign),
		"key that is not published":   header(object{"kid": f.other.ID}, foreign),
		"no kid":                      header(object{"kid": nil}, own),
		"kid of another type":         header(object{"kid": 7}, own),
		"kid that is a path":          header(object{"kid": "../../etc/passwd"}, own),
		"embedded jwk":                header(object{"kid": nil, "jwk": f.other}, foreign),
		"embedded jwk beside a kid":   header(object{"jwk": f.other}, foreign),
		"jku":                         header(object{"kid": nil, "jku": "https://evil.example/jwks"}, foreign),
		"critical extension":          header(object{"crit": []string{"exp"}}, own),
		"no type":                     header(object{"typ": nil}, own),
		"another type":                header(object{"typ": "JWT"}, own),
	})
}

func TestTokenVerifier_refusesWrongClaims(t *testing.T) {
	f := newForgery(t)
	claim := func(changes object) string { return forge(t, f.header, f.payload.with(changes), byKey(f.key)) }
	f.refuses(t, map[string]string{
		"another issuer":         claim(object{"iss": "agora"}),
		"no issuer":              claim(object{"iss": nil}),
		"another audience":       claim(object{"aud": "agora"}),
		"no audience":            claim(object{"aud": nil}),
		"expired":                claim(object{"exp": time.Now().Add(-time.Minute).Unix()}),
		"no expiry":              claim(object{"exp": nil}),
		"expiry of another type": claim(object{"exp": "tomorrow"}),
		"not valid yet":          claim(object{"nbf": time.Now().Add(time.Minute).Unix()}),
		"no beginning":           claim(object{"nbf": nil}),
		"issued in the future":   claim(object{"iat": time.Now().Add(time.Minute).Unix()}),
		"no subject":             claim(object{"sub": nil}),
		"no session":             claim(object{"sid": nil}),
		"no token id":            claim(object{"jti": nil}),
	})
}

func TestTokenVerifier_allowsForClockSkew(t *testing.T) {
	_, signer := newKey(t)
	verifier := identity.NewTokenVerifier(published(signer))
	tests := map[string]struct {
		issued time.Time
		ok     bool
	}{
		"expired 20 s ago":     {time.Now().Add(-80 * time.Second), true},
		"expired 40 s ago":     {time.Now().Add(-100 * time.Second), false},
		"valid in 20 s":        {time.Now().Add(20 * time.Second), true},
		"valid in 40 s":        {time.Now().Add(40 * time.Second), false},
		"valid for 60 s, now":  {time.Now(), true},
		"expired an hour ago":  {time.Now().Add(-time.Hour), false},
		"valid in a long time": {time.Now().Add(time.Hour), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			token, err := signer.Sign(ada, tt.issued, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			_, err = verifier.Verify(t.Context(), token)
			if tt.ok != (err == nil) {
				t.Errorf("got %v, want ok=%v", err, tt.ok)
			}
		})
	}
}

func TestNewSigner_keepsTheSecret(t *testing.T) {
	if _, err := identity.NewSigner("hunter2"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v, want an error that keeps the secret", err)
	}
}

// Keys fetched before a rotation verify tokens signed after it, and tokens signed before it stay valid.
func TestTokenVerifier_refusesNoTokenDuringARotation(t *testing.T) {
	before := signing.Fresh(time.Now())
	after := must.Get(before.Rotate(time.Now()))(t)
	old, latest := signerOf(t, before), signerOf(t, after)
	for name, verifier := range map[string]*identity.TokenVerifier{
		"that knows the keys before": identity.NewTokenVerifier(published(old)),
		"that knows the keys after":  identity.NewTokenVerifier(published(latest)),
	} {
		for _, signer := range []*identity.Signer{old, latest} {
			if _, err := verifier.Verify(t.Context(), tokenOf(t, signer)); err != nil {
				t.Errorf("a verifier %s: %v", name, err)
			}
		}
	}
}

func signerOf(t *testing.T, keys signing.Bundle) *identity.Signer {
	t.Helper()
	return must.Get(identity.NewSigner(keys.String()))(t)
}
