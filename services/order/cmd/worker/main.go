// Command worker moves orders through their life, on events and commands. It alone changes an order once it is placed.
package main

import (
	"context"

	"stoa/pkg/common/config"
	"stoa/pkg/common/service"
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
	orders := repositories.New(app.Sidecar)
	progress := handlers.NewProgress(orders, orders, providers.NewEvents(publisher))
	consumer, err := app.Consumer(publisher, handlers.Subscriptions(progress)...)
	if err != nil {
		return err
	}
	return app.Run(ctx, app.ProbeServer(), consumer.Run)
}
