// Command daprd is Dapr's sidecar with the components that Stoa uses, instead of all that exist: see components.go. All that it
// does is done by the official packages. It takes the same arguments as the official program (cmd/daprd/app of Dapr v1.18.2),
// from which this main differs only in what it registers; `daprd components` lists that. `daprd compact FILE...` rewrites SQLite databases.
package main

import (
	"context"
	"fmt"
	"os"

	"go.opencensus.io/stats/view"

	"github.com/dapr/kit/concurrency"
	"github.com/dapr/kit/logger"
	"github.com/dapr/kit/signals"

	"github.com/dapr/dapr/cmd/daprd/options"
	"github.com/dapr/dapr/pkg/buildinfo"
	"github.com/dapr/dapr/pkg/healthz"
	"github.com/dapr/dapr/pkg/metrics"
	"github.com/dapr/dapr/pkg/modes"
	"github.com/dapr/dapr/pkg/runtime"
	"github.com/dapr/dapr/pkg/runtime/registry"
	"github.com/dapr/dapr/pkg/security"
)

var log = logger.NewLogger("dapr.runtime")

func main() {
	if len(os.Args) == 2 && os.Args[1] == "components" {
		for _, c := range all {
			fmt.Println(c.name)
		}
		return
	}
	if len(os.Args) > 2 && os.Args[1] == "compact" {
		if err := compact(os.Args[2:]); err != nil {
			log.Fatalf("the database cannot be compacted: %v", err)
		}
		return
	}
	given, err := options.New(os.Args[1:])
	if err != nil {
		log.Fatalf("the arguments are not valid: %v", err)
	}
	switch {
	case given.RuntimeVersion:
		fmt.Println(buildinfo.Version())
	case given.BuildInfo:
		fmt.Printf("Version: %s\nGit Commit: %s\nGit Version: %s\n", buildinfo.Version(), buildinfo.Commit(), buildinfo.GitVersion())
	case given.WaitCommand:
		runtime.WaitUntilDaprOutboundReady(given.DaprHTTPPort)
	default:
		if err := start(given); err != nil {
			log.Fatalf("the sidecar ends: %v", err)
		}
	}
}

// start runs the sidecar until a signal ends it. SIGHUP, which the runtime sends to itself when a resource has changed that it
// cannot reload in place, starts it again.
func start(given *options.Options) error {
	given.Logger.SetAppID(given.AppID)
	if err := logger.ApplyOptionsToLoggers(&given.Logger); err != nil {
		return err
	}
	register()
	restarts := signals.OnHUP(signals.Context())
	for ctx := range restarts {
		if err := run(ctx, given); err != nil {
			return err
		}
		if ctx.Err() == nil {
			return nil // the runtime has ended by itself
		}
	}
	return nil
}

func run(ctx context.Context, given *options.Options) error {
	health := healthz.New()
	identity, err := security.New(ctx, security.Options{
		SentryAddress: given.SentryAddress, ControlPlaneTrustDomain: given.ControlPlaneTrustDomain,
		ControlPlaneNamespace: given.ControlPlaneNamespace, TrustAnchors: given.TrustAnchors, AppID: given.AppID,
		MTLSEnabled: given.EnableMTLS, Mode: modes.DaprMode(given.Mode), Healthz: health,
		JwtAudiences: given.SentryRequestJwtAudiences,
	})
	if err != nil {
		return err
	}
	return concurrency.NewRunnerManager(identity.Run, func(ctx context.Context) error {
		handler, err := identity.Handler(ctx)
		if err != nil {
			return err
		}
		sidecar, err := runtime.FromConfig(ctx, config(given, handler, health))
		if err != nil {
			return err
		}
		return sidecar.Run(ctx)
	}).Run(ctx)
}

// config is what the runtime is told. Each field is an argument of the program.
func config(given *options.Options, handler security.Handler, health healthz.Healthz) *runtime.Config {
	told := &runtime.Config{
		AppID:                         given.AppID,
		ActorsService:                 given.ActorsService,
		ActorsDisseminationTimeout:    given.ActorsDisseminationTimeout,
		RemindersService:              given.RemindersService,
		SchedulerAddress:              given.SchedulerAddress,
		SchedulerStreams:              given.SchedulerJobStreams,
		AllowedOrigins:                given.AllowedOrigins,
		ResourcesPath:                 given.ResourcesPath,
		ControlPlaneAddress:           given.ControlPlaneAddress,
		AppProtocol:                   given.AppProtocol,
		Mode:                          given.Mode,
		DaprHTTPPort:                  given.DaprHTTPPort,
		DaprInternalGRPCPort:          given.DaprInternalGRPCPort,
		DaprInternalGRPCListenAddress: given.DaprInternalGRPCListenAddress,
		DaprAPIGRPCPort:               given.DaprAPIGRPCPort,
		DaprAPIListenAddresses:        given.DaprAPIListenAddresses,
		DaprPublicPort:                given.DaprPublicPort,
		DaprPublicListenAddress:       given.DaprPublicListenAddress,
		ApplicationPort:               given.AppPort,
		ProfilePort:                   given.ProfilePort,
		EnableProfiling:               given.EnableProfiling,
		AppMaxConcurrency:             given.AppMaxConcurrency,
		EnableMTLS:                    given.EnableMTLS,
		SentryAddress:                 given.SentryAddress,
		MaxRequestSize:                given.MaxRequestSize,
		ReadBufferSize:                given.ReadBufferSize,
		UnixDomainSocket:              given.UnixDomainSocket,
		DaprGracefulShutdownSeconds:   given.DaprGracefulShutdownSeconds,
		DaprBlockShutdownDuration:     given.DaprBlockShutdownDuration,
		DisableBuiltinK8sSecretStore:  given.DisableBuiltinK8sSecretStore,
		EnableAppHealthCheck:          given.EnableAppHealthCheck,
		AppHealthCheckPath:            given.AppHealthCheckPath,
		AppHealthProbeInterval:        given.AppHealthProbeInterval,
		AppHealthProbeTimeout:         given.AppHealthProbeTimeout,
		AppHealthThreshold:            given.AppHealthThreshold,
		AppChannelAddress:             given.AppChannelAddress,
		EnableAPILogging:              given.EnableAPILogging,
		Config:                        given.Config,
		DisableInitEndpoints:          given.DisableInitEndpoints,
		AppSSL:                        given.AppSSL,
		ComponentsPath:                given.ComponentsPath,
		Registry:                      registry.NewOptions(),
		Security:                      handler,
		Healthz:                       health,
		Metrics: metrics.Options{
			Enabled: given.Metrics.Enabled(), Log: log, Port: given.Metrics.Port(), Namespace: metrics.DefaultMetricNamespace,
			Healthz: health, ListenAddress: given.Metrics.ListenAddress(), Meter: view.NewMeter(),
		},
	}
	tellNews(told, given)
	return told
}
