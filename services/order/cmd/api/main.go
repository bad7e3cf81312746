// Command api places orders, shows them, and asks the worker to cancel them.
package main

import (
	"context"
	"time"

	"stoa/pkg/common/config"
	"stoa/pkg/common/service"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/order/internal/domain"
	"stoa/services/order/internal/handlers"
	"stoa/services/order/internal/providers"
	"stoa/services/order/internal/repositories"
)

// configuration is what the environment says to this binary.
type configuration struct {
	config.Base
	// CancelWait is how long a cancellation waits for its outcome before the answer is "not yet".
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

	router := web.NewRouter()
	api := web.NewAPI(router, "Orders", "Place, follow and cancel orders.")
	identity.Protect(api, identity.FromAuth(app.Sidecar))
	handlers.Routes(api, domain.NewPlacement(orders, stock, events), domain.NewOrders(orders, events), cfg.CancelWait)
	return app.Run(ctx, app.HTTP(router))
}
