package hostile

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"

	"stoa/internal/stack/secrets"
	"stoa/pkg/common/must"
)

// object is a JSON object that is about to be tampered with.
type object = map[string]any

// absent takes a member out of an object.
type absent struct{}

// signature signs the first two parts of a token.
type signature func(input string) []byte

// forger makes tokens. It has what an attacker has, a token of their own and the published keys, and the true signing key
// besides: claims that the service would never sign are refused for what they say, not for a bad signature.
type forger struct {
	header, claims object // of a true token
	token          string
	key, stray     ed25519.PrivateKey // the true one, and one of the attacker's
	ec             *ecdsa.PrivateKey
	rsa            *rsa.PrivateKey
}

func newForger(t *testing.T, w *world) *forger {
	t.Helper()
	f := &forger{token: w.staff.Token}
	f.header, f.claims = decode(t, f.token)
	f.key = signingKey(t, w, strings.Split(f.token, "."))
	f.stray = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	f.ec = must.Get(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	f.rsa = must.Get(rsa.GenerateKey(rand.Reader, 2048))(t)
	return f
}

// decode reads the first two parts of a token.
func decode(t *testing.T, token string) (header, claims object) {
	t.Helper()
	parts := strings.Split(token, ".")
	for i, into := range []*object{&header, &claims} {
		must.Do(t, json.Unmarshal(must.Get(base64.RawURLEncoding.DecodeString(parts[i]))(t), into))
	}
	return header, claims
}

// signingKey finds the private key among the system's secrets that a token was signed with.
func signingKey(t *testing.T, w *world, parts []string) ed25519.PrivateKey {
	t.Helper()
	values := must.Get(secrets.Read(w.Dir()))(t)
	signed := must.Get(base64.RawURLEncoding.DecodeString(parts[2]))(t)
	for block, rest := pem.Decode([]byte(values["AUTH_SIGNING_KEY"])); block != nil; block, rest = pem.Decode(rest) {
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		key, ok := parsed.(ed25519.PrivateKey)
		if err == nil && ok && ed25519.Verify(key.Public().(ed25519.PublicKey), []byte(parts[0]+"."+parts[1]), signed) {
			return key
		}
	}
	t.Fatal("none of the signing keys has signed the token")
	return nil
}

// changed is an object with some members replaced, or taken out.
func changed(original, changes object) object {
	result := maps.Clone(original)
	for name, value := range changes {
		if value == (absent{}) {
			delete(result, name)
		} else {
			result[name] = value
		}
	}
	return result
}

// forge makes a token that differs from the true one by this.
func (f *forger) forge(header, claims object, sign signature) string {
	return compose(jsonOf(changed(f.header, header)), jsonOf(changed(f.claims, claims)), sign)
}

// says is a token that the true key has signed, and that says something else.
func (f *forger) says(claims object) string { return f.forge(nil, claims, f.truly) }

// headed is the same with another header.
func (f *forger) headed(header object) string { return f.forge(header, nil, f.truly) }

// compose puts a token together.
func compose(header, claims string, sign signature) string {
	input := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	return input + "." + base64.RawURLEncoding.EncodeToString(sign(input))
}

func jsonOf(value object) string {
	raw, _ := json.Marshal(value) // made of what always marshals
	return string(raw)
}

func (f *forger) truly(input string) []byte   { return ed25519.Sign(f.key, []byte(input)) }
func (f *forger) falsely(input string) []byte { return ed25519.Sign(f.stray, []byte(input)) }
func unsigned(string) []byte                  { return nil }

// mac signs with a secret, as HS256 does.
func mac(secret string) signature {
	return func(input string) []byte {
		sum := hmac.New(sha256.New, []byte(secret))
		sum.Write([]byte(input))
		return sum.Sum(nil)
	}
}

// es256 signs with an elliptic curve of the attacker's.
func (f *forger) es256(input string) []byte {
	sum := sha256.Sum256([]byte(input))
	r, s, _ := ecdsa.Sign(rand.Reader, f.ec, sum[:]) // never fails with a key that was just made
	return slices.Concat(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32)))
}

// rs256 signs with an RSA key of the attacker's.
func (f *forger) rs256(input string) []byte {
	sum := sha256.Sum256([]byte(input))
	signed, _ := rsa.SignPKCS1v15(rand.Reader, f.rsa, crypto.SHA256, sum[:]) // as above
	return signed
}

// malleable is a true signature with the group's order added to its second half: the same to careless verifiers.
func (f *forger) malleable(input string) []byte {
	signed := f.truly(input)
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	s := slices.Clone(signed[32:])
	slices.Reverse(s) // little-endian
	sum := new(big.Int).Add(new(big.Int).SetBytes(s), order).FillBytes(make([]byte, 32))
	slices.Reverse(sum)
	return slices.Concat(signed[:32], sum)
}

// publicForms are the ways in which the true public key may be written, for those who take it as the secret of an HMAC.
func (f *forger) publicForms() map[string]string {
	public := f.key.Public().(ed25519.PublicKey)
	der, _ := x509.MarshalPKIXPublicKey(public) // an Ed25519 key always marshals
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	return map[string]string{
		"raw": string(public), "in PEM": text, "in PEM without its last newline": strings.TrimSpace(text), "in DER": string(der),
		"in base64": base64.RawURLEncoding.EncodeToString(public), "as a JWK": jsonOf(jwk(public)), "named by its kid": f.header["kid"].(string),
	}
}

// jwk is a public key as a header or a key set holds it.
func jwk(public ed25519.PublicKey) object {
	return object{"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(public)}
}
