// Package service runs a process: it sets up configuration, telemetry and sidecar, runs the parts of the process until a
// signal arrives or a part fails, lets them drain, and reports the error. Only this package exits a process.
package service

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sync/errgroup"

	"stoa/pkg/common/config"
	"stoa/pkg/common/settings"
	"stoa/pkg/messaging"
	"stoa/pkg/observability"
	"stoa/pkg/sidecar"
)

// Main runs a process. SIGINT or SIGTERM ends the context of run. An error of run is written to standard error, and the exit
// code is then 1.
func Main(run func(ctx context.Context) error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fatal:", err)
		os.Exit(1)
	}
}

// App is what every process has: configuration, telemetry, sidecar, settings that may change while it runs, and readiness
// checks.
type App struct {
	Config    config.Base
	Telemetry *observability.Telemetry
	Sidecar   *sidecar.Sidecar
	Settings  *settings.Settings

	checks []check
}

// Start sets up the process and waits until the sidecar is ready: secrets and state can be read when it returns. Until then
// the app port is closed, so the sidecar tells callers that the app is not available yet.
func Start(ctx context.Context, cfg config.Base) (*App, error) {
	telemetry, err := observability.Start(ctx, cfg.AppID, cfg.LogLevel, os.Stdout)
	if err != nil {
		return nil, err
	}
	side, err := sidecar.Open(cfg, telemetry.Log)
	if err != nil {
		return nil, err
	}
	app := &App{Config: cfg, Telemetry: telemetry, Sidecar: side}
	if err = side.AwaitHealthy(ctx); err == nil {
		err = app.checkSidecar(ctx)
	}
	if err != nil {
		app.Close(ctx)
		return nil, err
	}
	app.Settings = settings.Open(ctx, side, cfg.AppID, telemetry.Log)
	app.Settings.Watch("LOG_LEVEL", func(level string) error { return telemetry.SetLevel(cmp.Or(level, cfg.LogLevel)) })
	return app, nil
}

// Close sends the remaining telemetry and closes the connection to the sidecar.
func (a *App) Close(ctx context.Context) {
	if err := a.Telemetry.Shutdown(ctx); err != nil {
		a.Telemetry.Log.Warn().Err(err).Msg("some telemetry was not sent")
	}
	a.Sidecar.Close()
}

// Publisher returns the publisher of this app.
func (a *App) Publisher() (*messaging.Publisher, error) {
	return messaging.NewPublisher(a.Sidecar.Client(), a.Config.AppID)
}

// Consumer returns a consumer of these subscriptions, and adds a readiness check for each.
func (a *App) Consumer(publisher *messaging.Publisher, table ...messaging.Subscription) (*messaging.Consumer, error) {
	consumer, err := messaging.NewConsumer(a.Sidecar.Client().GrpcClient(), publisher, a.Telemetry.Log, table...)
	if err != nil {
		return nil, err
	}
	for _, s := range table {
		a.check("subscription", s.Topic, func(context.Context) error { return consumer.Connected()[s.Topic] })
	}
	return consumer, nil
}

// Part is something that runs as long as the process, such as a server or a consumer. When ctx ends, it drains and returns
// nil. An error ends the process.
type Part func(ctx context.Context) error

// Run runs the parts side by side until ctx ends or one of them fails, and waits for all of them to drain.
func (a *App) Run(ctx context.Context, parts ...Part) error {
	a.Telemetry.Log.Info().Msg("started")
	err := together(append(parts, a.Settings.Run)...)(ctx)
	a.Telemetry.Log.Info().Err(err).Msg("stopped")
	return err
}

// together returns the part that is all of these, until one of them fails.
func together(parts ...Part) Part {
	return func(ctx context.Context) error {
		group, ctx := errgroup.WithContext(ctx)
		for _, part := range parts {
			group.Go(func() error { return part(ctx) })
		}
		return group.Wait()
	}
}
