package security

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	common "github.com/dapr/dapr/pkg/proto/common/v1"
	internals "github.com/dapr/dapr/pkg/proto/internals/v1"
	sentryv1 "github.com/dapr/dapr/pkg/proto/sentry/v1"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/stack/state"
)

// unverified takes any certificate of the other side, and shows none.
var unverified = credentials.NewTLS(&tls.Config{InsecureSkipVerify: true}) //nolint:gosec // the tests are the intruder

func authority(t *testing.T) sentryv1.CAClient {
	t.Helper()
	var port int
	for _, p := range shop.Processes() {
		if p.Kind == stack.KindSentry {
			port = p.Ports[description.PortSentry]
		}
	}
	conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", port), grpc.WithTransportCredentials(unverified))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return sentryv1.NewCAClient(conn)
}

// signingRequest asks for a certificate of an app, for a key of our own.
func signingRequest(t *testing.T, app, token string, validator sentryv1.SignCertificateRequest_TokenValidator) *sentryv1.SignCertificateRequest {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	return &sentryv1.SignCertificateRequest{
		Id: app, Namespace: "default", Token: token, TokenValidator: validator,
		CertificateSigningRequest: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}),
	}
}

// A certificate of an app is had only with the token of that app, whatever way of proof one asks for.
func TestCertificates_areIssuedToTheirAppOnly(t *testing.T) {
	ca := authority(t)
	token := func(app string) string {
		text, err := os.ReadFile(filepath.Join(shop.Dir(), state.Folder, "sentry", app+".jwt"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	const jwks, insecure = sentryv1.SignCertificateRequest_JWKS, sentryv1.SignCertificateRequest_INSECURE
	tests := []struct {
		what, app, token string
		validator        sentryv1.SignCertificateRequest_TokenValidator
		want             codes.Code
	}{
		{"the own token", "order-api", token("order-api"), jwks, codes.OK},
		{"no token", "gateway", "", jwks, codes.PermissionDenied},
		{"the token of another", "gateway", token("order-api"), jwks, codes.PermissionDenied},
		{"a broken token", "gateway", token("gateway")[:40], jwks, codes.PermissionDenied},
		{"an access token", "gateway", shop.SignUp(t).Token, jwks, codes.PermissionDenied},
		{"the proof that proves nothing", "gateway", "", insecure, codes.InvalidArgument},
		{"no way of proof named", "gateway", "", sentryv1.SignCertificateRequest_UNKNOWN, codes.PermissionDenied},
		{"Kubernetes", "gateway", token("order-api"), sentryv1.SignCertificateRequest_KUBERNETES, codes.InvalidArgument},
		{"a name for Dapr's own", "dapr-sentry", token("order-api"), jwks, codes.PermissionDenied},
	}
	for _, tt := range tests {
		_, err := ca.SignCertificate(t.Context(), signingRequest(t, tt.app, tt.token, tt.validator))
		if status.Code(err) != tt.want {
			t.Errorf("a certificate of %s with %s: got %v, want %v", tt.app, tt.what, err, tt.want)
		}
	}
}

// The port by which sidecars call each other asks for no token; with certificates it asks for one of those.
func TestSidecars_refuseCallersWithoutACertificate(t *testing.T) {
	call := &internals.InternalInvokeRequest{
		Ver:     internals.APIVersion_V1,
		Message: &common.InvokeRequest{Method: "healthz", HttpExtension: &common.HTTPExtension{Verb: common.HTTPExtension_GET}},
	}
	for _, app := range apps() {
		port := process(t, app+".sidecar").Ports[description.PortInternal]
		_, err := internals.NewServiceInvocationClient(dial(t, port)).CallLocal(t.Context(), call)
		if status.Code(err) != codes.Unavailable {
			t.Errorf("%s in plain text: got %v", app, err)
		}
		conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", port), grpc.WithTransportCredentials(unverified))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := internals.NewServiceInvocationClient(conn).CallLocal(t.Context(), call); status.Code(err) != codes.Unavailable {
			t.Errorf("%s without a certificate: got %v", app, err)
		}
		conn.Close()
	}
}

// What signs, and what proves who somebody is, only the owner of the system can read.
func TestCertificates_keepTheirKeysPrivate(t *testing.T) {
	folder := filepath.Join(shop.Dir(), state.Folder, "sentry")
	files, err := os.ReadDir(folder)
	if err != nil || len(files) < 4+len(apps()) {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		info, err := file.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file.Name(), info.Mode(), err)
		}
	}
}
