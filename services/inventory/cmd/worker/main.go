// Command worker reserves, releases and commits stock as orders change, and answers quotes over gRPC.
package main

import (
	"context"
	"time"

	"google.golang.org/grpc"

	inventoryv1 "stoa/api/proto/inventory/v1"
	"stoa/pkg/common/config"
	"stoa/pkg/common/service"
	"stoa/pkg/common/settings"
	"stoa/services/inventory/internal/domain"
	"stoa/services/inventory/internal/handlers"
	"stoa/services/inventory/internal/providers"
	"stoa/services/inventory/internal/repositories"
)

// configuration is what the environment says to this process.
type configuration struct {
	config.Base
	// LowStock is the number of available pieces at which a product is low in stock. It may change while the process runs.
	LowStock int64 `envconfig:"LOW_STOCK" default:"5"`
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

	catalogue := repositories.NewCatalogue(app.Sidecar)
	publisher, err := app.Publisher()
	if err != nil {
		return err
	}
	ledger := domain.NewLedger(catalogue, repositories.NewReservations(app.Sidecar), providers.NewEvents(publisher),
		settings.Int(app.Settings, "LOW_STOCK", cfg.LowStock).Get, time.Now)
	consumer, err := app.Consumer(publisher, handlers.Subscriptions(ledger)...)
	if err != nil {
		return err
	}
	rpc := app.GRPC(func(server grpc.ServiceRegistrar) {
		inventoryv1.RegisterStockServer(server, handlers.NewQuotes(catalogue))
	})
	return app.Run(ctx, rpc, consumer.Run, app.ProbeServer())
}
