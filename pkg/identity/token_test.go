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
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/identity"
)

var ada = identity.Caller{
	ID: "a-1", Email: "ada@example.org", Name: "Ada", SessionID: "s-1", Roles: []identity.Role{identity.Learner, identity.Staff},
}

// newKey returns a private key and the signer that uses it.
func newKey(t *testing.T) (ed25519.PrivateKey, *identity.Signer) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := identity.NewSigner(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	if err != nil {
		t.Fatal(err)
	}
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

func TestSignedTokenVerifies(t *testing.T) {
	_, signer := newKey(t)
	token, err := signer.Sign(ada, time.Now(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	got, err := identity.NewTokenVerifier(published(signer)).Verify(t.Context(), token)
	if err != nil || !reflect.DeepEqual(got, ada) {
		t.Errorf("got %+v, %v; want %+v", got, err, ada)
	}
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
		raw, err := json.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		parts[i] = base64.RawURLEncoding.EncodeToString(raw)
	}
	text := strings.Join(parts, ".")
	return text + "." + base64.RawURLEncoding.EncodeToString(sign([]byte(text)))
}

func TestVerifyRefusesForgedTokens(t *testing.T) {
	key, signer := newKey(t)
	otherKey, other := newKey(t)
	verifier := identity.NewTokenVerifier(published(signer))
	public := signer.KeySet().Keys[0]

	now := time.Now()
	header := object{"alg": "EdDSA", "typ": "at+jwt", "kid": public.ID}
	payload := object{
		"iss": "stoa", "aud": []string{"stoa"}, "sub": "a-1", "sid": "s-1", "jti": "t-1",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Minute).Unix(), "roles": []string{"ADMIN"},
	}
	byKey := func(k ed25519.PrivateKey) func([]byte) []byte {
		return func(text []byte) []byte { return ed25519.Sign(k, text) }
	}
	byHMAC := func(secret []byte) func([]byte) []byte {
		return func(text []byte) []byte {
			mac := hmac.New(sha256.New, secret)
			mac.Write(text)
			return mac.Sum(nil)
		}
	}
	honest := forge(t, header, payload, byKey(key))
	if _, err := verifier.Verify(t.Context(), honest); err != nil {
		t.Fatalf("the honest token must pass, or this test tests nothing: %v", err)
	}
	unsigned := func([]byte) []byte { return nil }
	change := func(changes object) string { return forge(t, header, payload.with(changes), byKey(key)) }
	head := func(changes object) string { return forge(t, header.with(changes), payload, byKey(key)) }
	x, _ := base64.RawURLEncoding.DecodeString(public.X)
	tampered := forge(t, header, payload.with(object{"sub": "a-2"}), unsigned) + honest[strings.LastIndex(honest, ".")+1:]

	tests := map[string]string{
		"empty":                        "",
		"no token":                     "abc",
		"two parts":                    honest[:strings.LastIndex(honest, ".")],
		"truncated":                    honest[:len(honest)-5],
		"five parts":                   honest + ".a.b",
		"tampered payload":             tampered,
		"algorithm none":               forge(t, header.with(object{"alg": "none"}), payload, unsigned),
		"algorithm None":               forge(t, header.with(object{"alg": "None"}), payload, unsigned),
		"no algorithm":                 head(object{"alg": nil}),
		"HS256 with the public key":    forge(t, header.with(object{"alg": "HS256"}), payload, byHMAC(x)),
		"HS256 with the encoded key":   forge(t, header.with(object{"alg": "HS256"}), payload, byHMAC([]byte(public.X))),
		"algorithm of another family":  head(object{"alg": "ES256"}),
		"signed by another key":        forge(t, header, payload, byKey(otherKey)),
		"key that is not published":    forge(t, header.with(object{"kid": other.KeySet().Keys[0].ID}), payload, byKey(otherKey)),
		"no kid":                       head(object{"kid": nil}),
		"kid of another type":          head(object{"kid": 7}),
		"kid that is a path":           head(object{"kid": "../../etc/passwd"}),
		"embedded jwk":                 forge(t, header.with(object{"kid": nil, "jwk": other.KeySet().Keys[0]}), payload, byKey(otherKey)),
		"embedded jwk beside a kid":    forge(t, header.with(object{"jwk": other.KeySet().Keys[0]}), payload, byKey(otherKey)),
		"jku":                          forge(t, header.with(object{"kid": nil, "jku": "https://evil.example/jwks"}), payload, byKey(otherKey)),
		"critical extension":           head(object{"crit": []string{"exp"}}),
		"no type":                      head(object{"typ": nil}),
		"another type":                 head(object{"typ": "JWT"}),
		"another issuer":               change(object{"iss": "agora"}),
		"no issuer":                    change(object{"iss": nil}),
		"another audience":             change(object{"aud": "agora"}),
		"no audience":                  change(object{"aud": nil}),
		"expired":                      change(object{"exp": now.Add(-time.Minute).Unix()}),
		"no expiry":                    change(object{"exp": nil}),
		"expiry of another type":       change(object{"exp": "tomorrow"}),
		"not valid yet":                change(object{"nbf": now.Add(time.Minute).Unix()}),
		"no beginning":                 change(object{"nbf": nil}),
		"no subject":                   change(object{"sub": nil}),
		"no session":                   change(object{"sid": nil}),
		"no token id":                  change(object{"jti": nil}),
		"payload that is no object":    strings.Replace(honest, strings.Split(honest, ".")[1], "W10", 1),
		"signature with trailing bits": honest[:len(honest)-1] + string(honest[len(honest)-1]+1),
	}
	for name, token := range tests {
		t.Run(name, func(t *testing.T) {
			if caller, err := verifier.Verify(t.Context(), token); !errs.Is(err, errs.Unauthenticated) {
				t.Errorf("got %+v, %v; want unauthenticated", caller, err)
			}
		})
	}
}

func TestVerifyAllowsForClockSkew(t *testing.T) {
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

func TestNewSignerRefusesOtherKeys(t *testing.T) {
	for name, text := range map[string]string{
		"no PEM":    "secret",
		"no PKCS#8": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("secret")})),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := identity.NewSigner(text); err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want an error that keeps the secret", err)
			}
		})
	}
}

// The example of RFC 8037, appendix A: this key has this name.
func TestKeyIDIsTheThumbprint(t *testing.T) {
	seed, err := base64.RawURLEncoding.DecodeString("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := identity.NewSigner(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := signer.KeySet().Keys[0].ID, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
