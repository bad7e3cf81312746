package hostile

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"
)

// forgeries are tokens that must not be accepted, by what is wrong with them.
func (f *forger) forgeries(t *testing.T, w *world) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, some := range []map[string]string{
		f.otherAlgorithms(), f.otherKeys(), f.otherHeaders(), f.otherTimes(), f.otherClaims(), f.broken(), w.otherSecrets(t),
	} {
		for name, token := range some {
			if _, twice := all[name]; twice {
				t.Errorf("the forgery %s is there twice", name)
			}
			all[name] = token
		}
	}
	return all
}

// otherAlgorithms are not the one that is expected.
func (f *forger) otherAlgorithms() map[string]string {
	all := map[string]string{
		"whose algorithm is missing":    f.forge(object{"alg": absent{}}, nil, f.truly),
		"whose algorithm is null":       f.forge(object{"alg": nil}, nil, f.truly),
		"whose algorithm is a list":     f.forge(object{"alg": []string{"EdDSA"}}, nil, f.truly),
		"whose algorithm is a number":   f.forge(object{"alg": 0}, nil, f.truly),
		"of none, with a signature":     f.forge(object{"alg": "none"}, nil, f.truly),
		"of none, without its last dot": strings.TrimSuffix(f.forge(object{"alg": "none"}, nil, unsigned), "."),
		"of ES256":                      f.forge(object{"alg": "ES256"}, nil, f.es256),
		"of RS256":                      f.forge(object{"alg": "RS256"}, nil, f.rs256),
		"of PS256":                      f.forge(object{"alg": "PS256"}, nil, f.rs256),
		"of ES256, truly signed":        f.forge(object{"alg": "ES256"}, nil, f.truly),
		"of EdDSA in lower case":        f.forge(object{"alg": "eddsa"}, nil, f.truly),
		"of HS256 with no secret":       f.forge(object{"alg": "HS256"}, nil, mac("")),
	}
	for _, none := range []string{"none", "None", "NONE", "nOnE", "none ", "", " "} {
		all[fmt.Sprintf("of %q", none)] = f.forge(object{"alg": none}, nil, unsigned)
	}
	for form, key := range f.publicForms() {
		all["of HS256 with the public key "+form] = f.forge(object{"alg": "HS256"}, nil, mac(key))
	}
	return all
}

// otherKeys are signed, but not with a key that is published.
func (f *forger) otherKeys() map[string]string {
	stray := jwk(f.stray.Public().(ed25519.PublicKey))
	return map[string]string{
		"of another key":                   f.forge(nil, nil, f.falsely),
		"that brings its key along":        f.forge(object{"jwk": stray}, nil, f.falsely),
		"that brings its key, unnamed":     f.forge(object{"jwk": stray, "kid": absent{}}, nil, f.falsely),
		"that names a key set":             f.forge(object{"jku": "https://evil.example/jwks.json"}, nil, f.falsely),
		"that names our key set":           f.forge(object{"jku": "http://127.0.0.1:3601/v1.0/secrets/secrets/AUTH_SIGNING_KEY"}, nil, f.falsely),
		"that names a certificate":         f.forge(object{"x5u": "file:///dev/null"}, nil, f.falsely),
		"that brings a certificate along":  f.forge(object{"x5c": []string{"MIIB"}}, nil, f.falsely),
		"whose key is named by a path":     f.forge(object{"kid": "../../../../dev/null"}, nil, mac("")),
		"whose key is named by a URL":      f.forge(object{"kid": "http://evil.example/key"}, nil, f.falsely),
		"whose key is named by SQL":        f.forge(object{"kid": "x' UNION SELECT 'key' --"}, nil, f.falsely),
		"whose key is named by a command":  f.forge(object{"kid": "key; curl evil.example"}, nil, f.falsely),
		"whose key's name is unknown":      f.headed(object{"kid": "nobody's"}),
		"whose key's name is missing":      f.headed(object{"kid": absent{}}),
		"whose key's name is empty":        f.headed(object{"kid": ""}),
		"whose key's name is null":         f.headed(object{"kid": nil}),
		"whose key's name is a number":     f.headed(object{"kid": 1}),
		"whose key's name is a list":       f.headed(object{"kid": []any{f.header["kid"]}}),
		"whose key's name is very long":    f.headed(object{"kid": strings.Repeat("k", 4<<10)}),
		"whose key's name ends in a zero":  f.headed(object{"kid": f.header["kid"].(string) + "\x00"}),
		"whose key's name is in otherwise": f.headed(object{"kid": strings.ToUpper(f.header["kid"].(string))}),
	}
}

// otherHeaders are truly signed, but are no access tokens.
func (f *forger) otherHeaders() map[string]string {
	return map[string]string{
		"of the type JWT":              f.headed(object{"typ": "JWT"}),
		"of the type of an id token":   f.headed(object{"typ": "id+jwt"}),
		"of the type of a refresh":     f.headed(object{"typ": "rt+jwt"}),
		"of no type":                   f.headed(object{"typ": absent{}}),
		"whose type is a list":         f.headed(object{"typ": []string{"at+jwt"}}),
		"with a critical header":       f.headed(object{"crit": []string{"exp"}, "exp": 1}),
		"with nothing critical":        f.headed(object{"crit": []string{}}),
		"whose payload is not encoded": f.headed(object{"crit": []string{"b64"}, "b64": false}),
		"whose header is a list":       compose(`["EdDSA"]`, jsonOf(f.claims), f.truly),
		"whose header is null":         compose(`null`, jsonOf(f.claims), f.truly),
		"whose header is empty":        compose(``, jsonOf(f.claims), f.truly),
		"whose header is no JSON":      compose(`{"alg":"EdDSA"`, jsonOf(f.claims), f.truly),
		"with two algorithms":          compose(strings.Replace(jsonOf(f.header), "{", `{"alg":"none",`, 1), jsonOf(f.claims), unsigned),
		"with two types":               compose(strings.Replace(jsonOf(f.header), "{", `{"typ":"at+jwt",`, 1), jsonOf(f.claims), f.falsely),
	}
}

// otherTimes are truly signed for another time.
func (f *forger) otherTimes() map[string]string {
	at := func(after time.Duration) int64 { return time.Now().Add(after).Unix() }
	return map[string]string{
		"that expired a minute ago":       f.says(object{"exp": at(-time.Minute)}),
		"that expired a year ago":         f.says(object{"exp": at(-365 * 24 * time.Hour)}),
		"that expired in 1970":            f.says(object{"exp": 0}),
		"that never expires":              f.says(object{"exp": absent{}}),
		"whose expiry is null":            f.says(object{"exp": nil}),
		"whose expiry is text":            f.says(object{"exp": "2999-01-01"}),
		"whose expiry is a list":          f.says(object{"exp": []int64{at(time.Hour)}}),
		"whose expiry is negative":        f.says(object{"exp": -1}),
		"that is not yet valid":           f.says(object{"nbf": at(2 * time.Minute)}),
		"without a time that it is from":  f.says(object{"nbf": absent{}}),
		"whose time that it is from text": f.says(object{"nbf": "now"}),
		"that is issued in the future":    f.says(object{"iat": at(10 * time.Minute)}),
		"whose time of issue is text":     f.says(object{"iat": "yesterday"}),
	}
}

// otherClaims are truly signed by and for others.
func (f *forger) otherClaims() map[string]string {
	return map[string]string{
		"of another issuer":         f.says(object{"iss": "https://accounts.example"}),
		"of no issuer":              f.says(object{"iss": absent{}}),
		"of our issuer and another": f.says(object{"iss": []string{"stoa", "evil"}}),
		"of an issuer much like us": f.says(object{"iss": "stoa "}),
		"for another audience":      f.says(object{"aud": "blog.example"}),
		"for two other audiences":   f.says(object{"aud": []string{"a", "b"}}),
		"for no audience":           f.says(object{"aud": absent{}}),
		"for an empty audience":     f.says(object{"aud": []string{}}),
		"for an audience, nested":   f.says(object{"aud": object{"stoa": true}}),
		"of nobody":                 f.says(object{"sub": absent{}}),
		"of an empty name":          f.says(object{"sub": ""}),
		"of a number":               f.says(object{"sub": 1}),
		"of no session":             f.says(object{"sid": absent{}}),
		"of an empty session":       f.says(object{"sid": ""}),
		"without an id":             f.says(object{"jti": absent{}}),
		"whose roles are a word":    f.says(object{"roles": "ADMIN"}),
		"whose claims are a list":   compose(jsonOf(f.header), `[]`, f.truly),
		"whose claims are null":     compose(jsonOf(f.header), `null`, f.truly),
		"whose claims are no JSON":  compose(jsonOf(f.header), `{"iss":"stoa"`, f.truly),
		"whose claims are empty":    compose(jsonOf(f.header), ``, f.truly),
	}
}

// broken are what is left of a true token after it was cut and glued.
func (f *forger) broken() map[string]string {
	parts := strings.Split(f.token, ".")
	header, claims, signed := parts[0], parts[1], parts[2]
	raised := base64.RawURLEncoding.EncodeToString([]byte(jsonOf(changed(f.claims, object{"roles": []string{"ADMIN", "STAFF"}}))))
	flipped := "A" + signed[1:]
	if flipped == signed {
		flipped = "B" + signed[1:]
	}
	return map[string]string{
		"without a signature":          header + "." + claims + ".",
		"of two parts":                 header + "." + claims,
		"of one part":                  header,
		"of four parts":                f.token + "." + signed,
		"of five parts, as a JWE":      header + "." + claims + "." + signed + "." + signed + "." + signed,
		"with a dot too many":          f.token + ".",
		"with a dot before it":         "." + f.token,
		"of dots":                      "..",
		"cut short":                    f.token[:len(f.token)-6],
		"with half a signature":        f.token[:len(f.token)-len(signed)/2],
		"with its signature twice":     f.token + signed,
		"with a signature of zeros":    header + "." + claims + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64)),
		"with another signature":       header + "." + claims + "." + flipped,
		"that gives itself roles":      header + "." + raised + "." + signed,
		"with a malleable signature":   f.forge(nil, nil, f.malleable),
		"that is padded":               f.token + "==",
		"in the other base64":          header + "." + claims + "." + base64.RawStdEncoding.EncodeToString([]byte("\xff\xef\xbe"+strings.Repeat("\xff", 61))),
		"whose last bits are changed":  header + "." + claims + "." + signed[:len(signed)-1] + lastBits(signed),
		"of letters that base64 lacks": header + "." + claims + "." + "!" + signed[1:],
		"that is percent-encoded":      strings.ReplaceAll(f.token, ".", "%2e"),
		"in quotes":                    `"` + f.token + `"`,
		"encoded once more":            base64.RawURLEncoding.EncodeToString([]byte(f.token)),
	}
}

// lastBits is the last letter of a signature with those of its bits set that no byte of it needs.
func lastBits(signed string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(letters[strings.IndexByte(letters, signed[len(signed)-1])|1])
}

// otherSecrets are good for something else.
func (w *world) otherSecrets(t *testing.T) map[string]string {
	t.Helper()
	refresh := w.SignIn(t, "editor").Refresh
	if refresh == "" {
		t.Fatal("there is no refresh token")
	}
	return map[string]string{
		"that is a refresh token": refresh,
		"that is an API key":      w.APIKey,
		"that is an account's id": w.staff.ID,
		"that says null":          "null",
		"that says undefined":     "undefined",
		"that is an object":       "{}",
		"that is a wildcard":      "*",
	}
}
