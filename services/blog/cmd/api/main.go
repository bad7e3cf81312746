// Command api keeps the items of accounts.
package main

import (
	"context"

	"stoa/pkg/common/config"
	"stoa/pkg/common/service"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/blog/internal/domain"
	"stoa/services/blog/internal/handlers"
	"stoa/services/blog/internal/providers"
	"stoa/services/blog/internal/repositories"
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
	items := domain.NewItems(repositories.NewItems(app.Sidecar), providers.NewEvents(publisher))
	consumer, err := app.Consumer(publisher, handlers.Subscriptions(items)...)
	if err != nil {
		return err
	}

	router := web.NewRouter()
	api := web.NewAPI(router, handlers.Title, handlers.About)
	identity.Protect(api, identity.FromAuth(app.Sidecar))
	handlers.Routes(api, items)
	return app.Run(ctx, app.HTTP(router), consumer.Run)
}
