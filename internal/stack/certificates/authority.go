// Package certificates prepares the certificate authority of a system, Dapr's sentry.
package certificates

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"stoa/internal/stack/state"
	"stoa/pkg/common/ids"
)

// renewBefore is how long the authority's own certificates are valid at least after a start. Dapr issues them for a year.
const renewBefore = 90 * 24 * time.Hour

// The constant parts of a SPIFFE identity. components/config/access uses them too.
const (
	sidecarIdentity   = "spiffe://public/ns/default/"
	authorityIdentity = "spiffe://localhost/ns/default/dapr-sentry"
)

// Authority signs the certificates by which sidecars identify each other. A caller gets a certificate for an app only if it
// has that app's token; by default, Dapr on one machine gives it to every caller. Each start signs new tokens with a new key
// and forgets the key, so nobody can get a certificate by an older token or make another token.
type Authority struct {
	Folder  string
	Anchors string // the root certificate, PEM
}

// Prepare writes the certificates, tokens and keys that sentry and the sidecars of these apps need, in the state directory
// dir.
func Prepare(ctx context.Context, dir, sentry string, apps []string) (*Authority, error) {
	a := &Authority{Folder: state.Path(dir, "sentry")}
	if err := os.MkdirAll(a.Folder, 0o700); err != nil {
		return nil, err
	}
	if err := a.removeExpiring(time.Now()); err != nil {
		return nil, err
	}
	// With this argument alone, sentry creates missing certificates and ends.
	if out, err := exec.CommandContext(ctx, sentry, "--issuer-credentials", a.Folder).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("the certificate authority: %w: %.300s", err, out)
	}
	anchors, err := os.ReadFile(a.root())
	if err != nil {
		return nil, err
	}
	a.Anchors = string(anchors)
	return a, a.issueTokens(apps)
}

func (a *Authority) root() string { return filepath.Join(a.Folder, "ca.crt") }

// TokenFile is the file by which the sidecar of an app proves its app-id.
func (a *Authority) TokenFile(app string) string { return filepath.Join(a.Folder, app+".jwt") }

// removeExpiring removes the authority's certificates if they expire soon. Nothing needs them while the system is stopped.
func (a *Authority) removeExpiring(now time.Time) error {
	text, err := os.ReadFile(a.root())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if block, _ := pem.Decode(text); block != nil {
		if root, err := x509.ParseCertificate(block.Bytes); err == nil && now.Add(renewBefore).Before(root.NotAfter) {
			return nil
		}
	}
	for _, name := range []string{"ca.crt", "issuer.crt", "issuer.key"} {
		if err := os.Remove(filepath.Join(a.Folder, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// issueTokens writes a token for each app, and the public key by which sentry verifies tokens. Tokens do not expire, because
// a sidecar sends its token again whenever it renews its certificate. The next start makes them invalid.
func (a *Authority) issueTokens(apps []string) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	id := ids.New()
	keys := map[string]any{"keys": []map[string]string{{
		"kty": "OKP", "crv": "Ed25519", "kid": id, "use": "sig", "alg": "EdDSA",
		"x": base64.RawURLEncoding.EncodeToString(public),
	}}}
	if err := state.Write(filepath.Join(a.Folder, "identities.json"), keys); err != nil {
		return err
	}
	for _, app := range apps {
		token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
			"sub": sidecarIdentity + app, "aud": authorityIdentity, "iat": time.Now().Unix(),
		})
		token.Header["kid"] = id
		text, err := token.SignedString(private)
		if err != nil {
			return err
		}
		if err := os.WriteFile(a.TokenFile(app), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}
