// Command api serves pages to browsers.
package main

import (
	"context"
	"fmt"

	"stoa/pkg/common/config"
	"stoa/pkg/common/service"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/handlers"
	"stoa/services/web/internal/providers"
	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
	"stoa/services/web/internal/repositories"
)

// cookieKeys is the name of the secret with the keys that encrypt cookies, see domain.NewSealer.
const cookieKeys = "WEB_COOKIE_KEYS"

// configuration is what the environment says to this process.
type configuration struct {
	config.Base
	// PublicURL is where people find the pages, such as https://shop.example. It is needed if something between them and the gateway
	// hides what their browsers call the host.
	PublicURL string `envconfig:"PUBLIC_URL"`
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

	keys, err := app.Sidecar.Secret(ctx, cookieKeys)
	if err != nil {
		return err
	}
	sealer, err := domain.NewSealer(keys)
	if err != nil {
		return fmt.Errorf("the secret %s: %w", cookieKeys, err)
	}
	views, err := view.New()
	if err != nil {
		return err
	}
	client := api.New(app.Sidecar.Transport())
	tokens := providers.NewTokens(client, identity.FromAuth(app.Sidecar))
	sessions := domain.NewSessions(repositories.NewSessions(app.Sidecar), tokens)
	carts := repositories.NewCarts(app.Sidecar)
	site, err := handlers.NewSite(views, sessions, carts, client, sealer, cfg.PublicURL)
	if err != nil {
		return fmt.Errorf("configuration: PUBLIC_URL: %w", err)
	}
	router := web.NewRouter()
	handlers.Routes(router, site)
	internal := web.NewAPI(router.PathPrefix(handlers.InternalBase).Subrouter(), "Pages, internal", "For the other services.")
	handlers.InternalRoutes(internal, carts)
	return app.Run(ctx, app.HTTP(router))
}
