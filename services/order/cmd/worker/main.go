// Command worker moves orders forward, on events and commands. Only the worker changes a placed order.
package main

import (
	"context"

	"stoa/pkg/common/config"
	"stoa/pkg/common/service"
	"stoa/pkg/common/settings"
	"stoa/services/order/internal/domain"
	"stoa/services/order/internal/handlers"
	"stoa/services/order/internal/providers"
	"stoa/services/order/internal/repositories"
)

// configuration is what the environment says to this binary.
type configuration struct {
	config.Base
	// OpenPieces is how many pieces a customer may have in orders that are not shipped yet, because nothing is paid for them;
	// with 0, as many as they like. order-api refuses an order at once if it can; the worker decides. It may change while the
	// process runs.
	OpenPieces int64 `envconfig:"OPEN_PIECES" default:"1000"`
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
	orders := repositories.New(app.Sidecar)
	allowance := domain.NewAllowance(orders, settings.Int(app.Settings, "OPEN_PIECES", cfg.OpenPieces).Get)
	events := providers.NewEvents(publisher)
	progress, erasure := domain.NewProgress(orders, allowance, events), domain.NewErasure(orders, events)
	consumer, err := app.Consumer(publisher, handlers.Subscriptions(progress, erasure)...)
	if err != nil {
		return err
	}
	return app.Run(ctx, app.ProbeServer(), consumer.Run)
}
