package stack

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// DefaultSentryPort is where the certificate authority listens.
const DefaultSentryPort = 14501

// renewBefore is what has to be left of the authority's own certificates at a start; Dapr makes them for a year.
const renewBefore = 90 * 24 * time.Hour

// The parts of an identity (SPIFFE) that are the same for all here, and what components/config/access is written for.
const (
	sidecarIdentity   = "spiffe://public/ns/default/"
	authorityIdentity = "spiffe://localhost/ns/default/dapr-sentry"
)

// authority is the certificate authority of a stack, by whose certificates sidecars know each other: Dapr's sentry. It
// signs a certificate for an app for whoever shows a token for that app, and makes one only for the app that the token
// names. (Dapr's default on one machine is to believe everybody.) The tokens are made anew at every start, and their key is
// forgotten at once, so no older token and no other program can get a certificate.
type authority struct {
	folder  string
	anchors string // the root certificate, PEM
}

// prepareAuthority makes what sentry and the sidecars need, for these apps.
func prepareAuthority(ctx context.Context, dir, sentry string, apps []string) (*authority, error) {
	a := &authority{folder: filepath.Join(dir, StateFolder, "sentry")}
	if err := os.MkdirAll(a.folder, 0o700); err != nil {
		return nil, err
	}
	if err := a.dropOld(time.Now()); err != nil {
		return nil, err
	}
	// It makes its certificates unless they are there, and ends.
	if out, err := exec.CommandContext(ctx, sentry, "--issuer-credentials", a.folder).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("the certificate authority: %w: %s", err, shorten(string(out), 300))
	}
	anchors, err := os.ReadFile(a.root())
	if err != nil {
		return nil, err
	}
	a.anchors = string(anchors)
	return a, a.issueTokens(apps)
}

func (a *authority) root() string { return filepath.Join(a.folder, "ca.crt") }

// token is the file with which the sidecar of an app proves whose it is.
func (a *authority) token(app string) string { return filepath.Join(a.folder, app+".jwt") }

// dropOld removes certificates of the authority that end soon; nothing depends on them once everything is stopped.
func (a *authority) dropOld(now time.Time) error {
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
		if err := os.Remove(filepath.Join(a.folder, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// issueTokens writes a token for each app, and the key against which sentry verifies them. The tokens have no end of
// their own: a sidecar shows its token again whenever its certificate is half over, and the next start makes them void.
func (a *authority) issueTokens(apps []string) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	id := randomText(8)
	keys := map[string]any{"keys": []map[string]string{{
		"kty": "OKP", "crv": "Ed25519", "kid": id, "use": "sig", "alg": "EdDSA",
		"x": base64.RawURLEncoding.EncodeToString(public),
	}}}
	if err := writePrivate(filepath.Join(a.folder, "identities.json"), keys); err != nil {
		return err
	}
	for _, app := range apps {
		claims := map[string]any{"sub": sidecarIdentity + app, "aud": authorityIdentity, "iat": time.Now().Unix()}
		token := signToken(private, id, claims)
		if err := os.WriteFile(a.token(app), []byte(token), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// signToken returns the claims as a signed token (RFC 7519).
func signToken(key ed25519.PrivateKey, id string, claims map[string]any) string {
	part := func(value any) string {
		text, _ := json.Marshal(value) // texts and numbers always marshal
		return base64.RawURLEncoding.EncodeToString(text)
	}
	text := part(map[string]string{"alg": "EdDSA", "typ": "JWT", "kid": id}) + "." + part(claims)
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(text)))
}

// sentrySpec plans the certificate authority.
func (a *authority) sentrySpec(program, dir string, port int) spec {
	address := fmt.Sprintf("%s:%d", loopback, port)
	return spec{
		name: KindSentry, kind: KindSentry, replica: 1, dir: dir, env: inherited(),
		command: []string{program, "--issuer-credentials", a.folder, "--listen-address", loopback, "--port", fmt.Sprint(port)},
		ports:   map[string]int{PortSentry: port}, listens: []int{port},
		ready: func(ctx context.Context) error { return Probe(ctx, "tcp://"+address) },
	}
}

// arm adds to the sidecar of an app what it needs to know others by their certificates, and to let only the right ones do
// what components/config/access says.
func (a *authority) arm(s *spec, root string, port int) {
	s.command = append(s.command, "--enable-mtls", "--sentry-address", fmt.Sprintf("%s:%d", loopback, port),
		"--config", accessFile(root, s.app))
	s.env = append(s.env, "DAPR_TRUST_ANCHORS="+a.anchors, "DAPR_SENTRY_TOKEN_FILE="+a.token(s.app))
}

// accessFile is the policy that says who may call what of an app.
func accessFile(root, app string) string {
	return filepath.Join(root, "components", "config", "access", app+".yaml")
}
