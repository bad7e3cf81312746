package certificates

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"stoa/pkg/common/must"
)

// rootUntil is a root certificate, PEM, that expires at that time.
func rootUntil(t *testing.T, end time.Time) []byte {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: end}
	der := must.Get(x509.CreateCertificate(rand.Reader, template, template, public, private))(t)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestAuthority_renewsCertificatesThatExpireSoon(t *testing.T) {
	now := time.Now()
	for what, tt := range map[string]struct {
		root []byte
		keep bool
	}{
		"a year left":  {rootUntil(t, now.Add(365*24*time.Hour)), true},
		"a month left": {rootUntil(t, now.Add(30*24*time.Hour)), false},
		"expired":      {rootUntil(t, now.Add(-time.Hour)), false},
		"not readable": {[]byte("nothing"), false},
		"no file":      {nil, false},
	} {
		a := &Authority{Folder: t.TempDir()}
		if tt.root != nil {
			for _, file := range []string{"ca.crt", "issuer.key"} {
				must.Do(t, os.WriteFile(filepath.Join(a.Folder, file), tt.root, 0o600))
			}
		}
		if err := a.removeExpiring(now); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		for _, file := range []string{"ca.crt", "issuer.key"} {
			if _, err := os.Stat(filepath.Join(a.Folder, file)); (err == nil) != tt.keep {
				t.Errorf("%s: %s: %v, want it kept: %v", what, file, err, tt.keep)
			}
		}
	}
}

func TestAuthority_issuesNewTokensForEachApp(t *testing.T) {
	a := &Authority{Folder: t.TempDir()}
	var before string
	for range 2 {
		must.Do(t, a.issueTokens([]string{"order-api", "auth"}))
		text, err := os.ReadFile(a.TokenFile("order-api"))
		if err != nil || string(text) == before {
			t.Fatalf("the token is %q again, %v", text, err)
		}
		before = string(text)
		var claims jwt.RegisteredClaims
		must.Get(jwt.ParseWithClaims(before, &claims, func(*jwt.Token) (any, error) { return publishedKey(t, a), nil }))(t)
		if claims.Subject != "spiffe://public/ns/default/order-api" || claims.Audience[0] != authorityIdentity {
			t.Errorf("claims %+v", claims)
		}
	}
}

// publishedKey is the key by which sentry verifies tokens.
func publishedKey(t *testing.T, a *Authority) ed25519.PublicKey {
	t.Helper()
	text := must.Get(os.ReadFile(filepath.Join(a.Folder, "identities.json")))(t)
	var set struct{ Keys []struct{ X string } }
	if err := json.Unmarshal(text, &set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("%d keys, %v", len(set.Keys), err)
	}
	return must.Get(jwt.NewParser().DecodeSegment(set.Keys[0].X))(t)
}
