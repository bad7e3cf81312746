// Command api takes orders and shows them to people.
package main

import (
	"context"
	"time"

	"stoa/pkg/common/config"
	"stoa/pkg/common/service"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/order/internal/handlers"
	"stoa/services/order/internal/providers"
	"stoa/services/order/internal/repositories"
)

// configuration is what the environment says to this binary.
type configuration struct {
	config.Base
	// CancelWait is how long a person waits to see their order cancelled before the answer is "not yet".
	CancelWait time.Duration `envconfig:"CANCEL_WAIT" default:"2s"`
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
	orders, events := repositories.New(app.Sidecar), providers.NewEvents(publisher)
	stock := providers.NewStock(app.Sidecar.GRPC("inventory-worker"))
	intake := handlers.NewIntake(orders, orders, stock, events)

	router := web.NewRouter()
	api := web.NewAPI(router, "Orders", "Place orders, follow them, call them off.")
	identity.Protect(api, identity.FromAuth(app.Sidecar))
	handlers.Register(api, handlers.NewAPI(intake, orders, orders, events, cfg.CancelWait))
	return app.Run(ctx, app.HTTP(router))
}
