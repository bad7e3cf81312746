// Command worker moves orders forward, on events and commands. Only the worker changes a placed order.
package main

import (
	"context"

	"stoa/pkg/common/config"
	"stoa/pkg/common/service"
	"stoa/services/order/internal/domain"
	"stoa/services/order/internal/handlers"
	"stoa/services/order/internal/providers"
	"stoa/services/order/internal/repositories"
)

func main() { service.Main(run) }

func run(ctx context.Context) error {
	cfg, err := config.Load[config.Base]()
	if err != nil {
		return err
	}
	app, err := service.Start(ctx, cfg)
	if err != nil {
		return err
	}
	defer app.Close(ctx)
	publisher, err := app.Publisher()
	if err != nil {
		return err
	}
	progress := domain.NewProgress(repositories.New(app.Sidecar), providers.NewEvents(publisher))
	consumer, err := app.Consumer(publisher, handlers.Subscriptions(progress)...)
	if err != nil {
		return err
	}
	return app.Run(ctx, app.ProbeServer(), consumer.Run)
}
