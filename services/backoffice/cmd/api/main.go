// Command backoffice serves the staff, who fulfil orders and replay events that could not be handled, and compacts its
// lists on schedule.
package main

import (
	"context"
	"time"

	"stoa/pkg/common/config"
	"stoa/pkg/common/service"
	"stoa/pkg/common/settings"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/backoffice/internal/domain"
	"stoa/services/backoffice/internal/handlers"
	"stoa/services/backoffice/internal/providers"
	"stoa/services/backoffice/internal/repositories"
)

// configuration is what the environment says to this process.
type configuration struct {
	config.Base
	// CommandWait is how long a request waits for the outcome of its command.
	CommandWait time.Duration `envconfig:"COMMAND_WAIT" default:"2s"`
	// AutoFulfil ships every order as soon as it is confirmed. It can change while the process runs.
	AutoFulfil bool `envconfig:"AUTO_FULFIL" default:"false"`
	// FulfilmentTTL is how long a delivered or cancelled order is kept here: for the staff, and so that a late event about it
	// changes nothing. It has to be at least as long as a broker keeps events (30 days).
	FulfilmentTTL time.Duration `envconfig:"FULFILMENT_TTL" default:"720h"`
}

// countPause is how old the number of dead letters is at most that the metrics show.
const countPause = 30 * time.Second

func main() { service.Main(run) }

func run(ctx context.Context) error {
	cfg, err := config.Load[configuration]()
	if err != nil {
		return err
	}
	app, err := service.Start(ctx, cfg.Base)
	if err != nil {
		return err
	}
	defer app.Close(ctx)

	publisher, err := app.Publisher()
	if err != nil {
		return err
	}
	events := providers.NewEvents(publisher)
	autoFulfil := settings.Bool(app.Settings, "AUTO_FULFIL", cfg.AutoFulfil).Get
	fulfilments := domain.NewFulfilments(repositories.NewFulfilments(app.Sidecar, cfg.FulfilmentTTL), events, autoFulfil)
	stored := repositories.NewDeadLetters(app.Sidecar)
	letters := domain.NewDeadLetters(stored, events)
	consumer, err := app.Consumer(publisher, handlers.Subscriptions(fulfilments, letters)...)
	if err != nil {
		return err
	}

	router := web.NewRouter()
	api := web.NewAPI(router, "Backoffice", "For the staff: ship orders, and replay events that could not be handled.")
	identity.Protect(api, identity.FromAuth(app.Sidecar))
	handlers.Routes(api, fulfilments, letters, cfg.CommandWait)
	internal := web.NewAPI(router.PathPrefix(handlers.InternalBase).Subrouter(), "Backoffice, internal", "For the other services.")
	handlers.InternalRoutes(internal, fulfilments, letters)
	handlers.Schedules(router, fulfilments, letters)
	return app.Run(ctx, app.HTTP(router), consumer.Run, service.Every(countPause, stored.Measure))
}
