// Command api places orders, shows them, and asks the worker to cancel them.
package main

import (
	"context"
	"time"

	"stoa/pkg/common/config"
	"stoa/pkg/common/service"
	"stoa/pkg/common/settings"
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
	// OpenPieces is how many pieces a customer may have in orders that are not shipped yet, because nothing is paid for them;
	// with 0, as many as they like. It may change while the process runs.
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
	orders, events := repositories.New(app.Sidecar), providers.NewEvents(publisher)
	stock := providers.NewStock(app.Sidecar.GRPC("inventory-worker"))

	admission := domain.NewAdmission(orders, settings.Int(app.Settings, "OPEN_PIECES", cfg.OpenPieces).Get)
	placement := domain.NewPlacement(orders, admission, stock, events)

	router := web.NewRouter()
	api := web.NewAPI(router, "Orders", "Place, follow and cancel orders.")
	identity.Protect(api, identity.FromAuth(app.Sidecar))
	customers := domain.NewCustomers(orders, providers.NewAccounts(app.Sidecar))
	handlers.Routes(api, placement, domain.NewOrders(orders, events), customers, cfg.CancelWait)
	internal := web.NewAPI(router.PathPrefix(handlers.InternalBase).Subrouter(), "Orders, internal", "For the other services.")
	handlers.InternalRoutes(internal, domain.NewOrders(orders, events))
	return app.Run(ctx, app.HTTP(router))
}
