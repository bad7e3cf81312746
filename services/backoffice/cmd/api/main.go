// Command backoffice is where the staff fulfils orders and looks after events that could not be handled, and what does
// the housekeeping on schedule.
package main

import (
	"context"
	"time"

	"stoa/pkg/common/config"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/service"
	"stoa/pkg/common/settings"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/backoffice/internal/handlers"
	"stoa/services/backoffice/internal/repositories"
)

type configuration struct {
	config.Base
	// CommandWait is how long a request waits to see what became of its command.
	CommandWait time.Duration `envconfig:"COMMAND_WAIT" default:"2s"`
	// AutoFulfil ships every order as soon as it is confirmed. It can be changed live.
	AutoFulfil bool `envconfig:"AUTO_FULFIL" default:"false"`
}

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
	h := handlers.New(repositories.NewFulfilments(app.Sidecar), repositories.NewDeadLetters(app.Sidecar), publisher, ids.New,
		handlers.Options{CommandWait: cfg.CommandWait, AutoFulfil: settings.Bool(app.Settings, "AUTO_FULFIL", cfg.AutoFulfil).Get})
	consumer, err := app.Consumer(publisher, h.Subscriptions()...)
	if err != nil {
		return err
	}

	router := web.NewRouter()
	api := web.NewAPI(router, "Backoffice", "For the staff: orders to be shipped, and events that could not be handled.")
	identity.Protect(api, identity.FromAuth(app.Sidecar))
	h.Register(api)
	h.Bind(router)
	return app.Run(ctx, app.HTTP(router), consumer.Run)
}
