// Command api shows and changes the catalogue and the stock over HTTP.
package main

import (
	"context"

	"stoa/pkg/common/config"
	"stoa/pkg/common/service"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/inventory/internal/domain"
	"stoa/services/inventory/internal/handlers"
	"stoa/services/inventory/internal/providers"
	"stoa/services/inventory/internal/repositories"
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

	catalogue, index := repositories.NewCatalogue(app.Sidecar), repositories.NewIndex(app.Sidecar)
	assortment, stock := domain.NewAssortment(catalogue, index), domain.NewStock(catalogue, repositories.NewHistory(app.Sidecar))

	pictures := domain.NewPictures(catalogue, repositories.NewPictures(app.Sidecar), &providers.Pictures{})

	router := web.NewRouter()
	api := web.NewAPI(router, "Inventory", "The catalogue and the stock.")
	identity.Protect(api, identity.FromAuth(app.Sidecar))
	handlers.Routes(api, catalogue, assortment, stock, pictures, index.Index)
	warn := func(err error) { app.Telemetry.Log.Warn().Err(err).Msg("the search index cannot be maintained") }
	maintenance := service.NewTask(index.Work, warn)
	handlers.Schedules(router, catalogue, assortment, maintenance.Begin)
	return app.Run(ctx, app.HTTP(router), maintenance.Run)
}
