package security

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	common "github.com/dapr/dapr/pkg/proto/common/v1"
	internals "github.com/dapr/dapr/pkg/proto/internals/v1"
	sentryv1 "github.com/dapr/dapr/pkg/proto/sentry/v1"

	"stoa/internal/stack/description"
	"stoa/internal/stack/state"
	"stoa/pkg/common/must"
)

// unverified takes any certificate of the other side, and shows none.
var unverified = credentials.NewTLS(&tls.Config{InsecureSkipVerify: true}) //nolint:gosec // the tests are the intruder

func authority(t *testing.T) sentryv1.CAClient {
	t.Helper()
	return sentryv1.NewCAClient(dialBy(t, shop.Process(t, "sentry").Ports[description.PortSentry], unverified))
}

// signingRequest asks for a certificate of an app, for a key of our own.
func signingRequest(t *testing.T, app, token string, validator sentryv1.SignCertificateRequest_TokenValidator) *sentryv1.SignCertificateRequest {
	t.Helper()
	key := must.Get(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	der := must.Get(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key))(t)
	return &sentryv1.SignCertificateRequest{
		Id: app, Namespace: "default", Token: token, TokenValidator: validator,
		CertificateSigningRequest: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}),
	}
}

// A certificate of an app is had only with the token of that app, whatever way of proof one asks for.
func TestCertificates_areIssuedToTheirAppOnly(t *testing.T) {
	ca := authority(t)
	token := func(app string) string {
		return string(must.Get(os.ReadFile(state.Path(shop.Dir(), "sentry", app+".jwt")))(t))
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
		port := shop.Process(t, app+".sidecar").Ports[description.PortInternal]
		for how, conn := range map[string]*grpc.ClientConn{"in plain text": dial(t, port), "without a certificate": dialBy(t, port, unverified)} {
			_, err := internals.NewServiceInvocationClient(conn).CallLocal(t.Context(), call)
			if status.Code(err) != codes.Unavailable {
				t.Errorf("%s %s: got %v", app, how, err)
			}
		}
	}
}

// What signs, and what proves who somebody is, only the owner of the system can read.
func TestCertificates_keepTheirKeysPrivate(t *testing.T) {
	files, err := os.ReadDir(state.Path(shop.Dir(), "sentry"))
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
