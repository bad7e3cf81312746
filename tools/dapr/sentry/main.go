// Command sentry is Dapr's certificate authority for a stack on one machine. All that it does is done by the official
// packages; only the main is ours, because the official one opens its health port on every address of the machine and has
// no setting against it (pkg/healthz/server/server.go and cmd/sentry/app/app.go of Dapr v1.18.2).
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/dapr/kit/logger"
	"github.com/dapr/kit/signals"

	"github.com/dapr/dapr/pkg/healthz"
	"github.com/dapr/dapr/pkg/modes"
	sentryv1pb "github.com/dapr/dapr/pkg/proto/sentry/v1"
	"github.com/dapr/dapr/pkg/sentry"
	"github.com/dapr/dapr/pkg/sentry/config"
	"github.com/dapr/dapr/pkg/sentry/server/ca"
)

func main() {
	credentials := flag.String("issuer-credentials", "", "folder of the authority's certificates and of identities.json")
	address := flag.String("listen-address", "127.0.0.1", "address to listen on")
	port := flag.Int("port", 0, "port to listen on; 0: make the certificates unless they are there, and end")
	flag.Parse()
	if err := run(signals.Context(), *credentials, *address, *port); err != nil {
		fmt.Fprintln(os.Stderr, "sentry:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, credentials, address string, port int) error {
	options := logger.DefaultOptions()
	options.JSONFormatEnabled = true
	if err := options.SetOutputLevel("warn"); err != nil {
		return err
	}
	if err := logger.ApplyOptionsToLoggers(&options); err != nil {
		return err
	}
	settings := settingsFor(credentials, address, port)
	if port == 0 {
		_, err := ca.New(ctx, settings)
		return err
	}
	authority, err := sentry.New(ctx, sentry.Options{Config: settings, Healthz: healthz.New()})
	if err != nil {
		return err
	}
	return authority.Start(ctx)
}

// settingsFor says whom the authority believes: those who show a token that a key of identities.json has signed. The
// validator that believes everybody is off, since another one is on.
func settingsFor(credentials, address string, port int) config.Config {
	in := func(name string) string { return filepath.Join(credentials, name) }
	return config.Config{
		Mode: modes.StandaloneMode, ListenAddress: address, Port: port, TrustDomain: "localhost",
		RootCertPath:   in(config.DefaultRootCertFilename),
		IssuerCertPath: in(config.DefaultIssuerCertFilename),
		IssuerKeyPath:  in(config.DefaultIssuerKeyFilename),
		// As in the official program.
		WorkloadCertTTL: 24 * time.Hour, AllowedClockSkew: 15 * time.Minute,
		DefaultValidator: sentryv1pb.SignCertificateRequest_JWKS,
		Validators: map[sentryv1pb.SignCertificateRequest_TokenValidator]map[string]string{
			sentryv1pb.SignCertificateRequest_JWKS: {"source": in("identities.json")},
		},
	}
}
