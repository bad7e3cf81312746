// Command gateway is the only public port: it asks for an API key and forwards what the table of routes names to the app
// behind it, through its own sidecar. It holds no state and knows no business, so that any other gateway can stand in.
package main

import (
	"context"
	"net/http"

	"stoa/pkg/common/config"
	"stoa/pkg/common/service"
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
	app.Check("api keys", func(ctx context.Context) error {
		return app.Sidecar.Invoke(ctx, authApp, http.MethodGet, "/healthz", nil, nil)
	})
	transport := app.Sidecar.Transport()
	router := newRouter(newProxy(transport), newKeyCheck(askAuth(transport)))
	return app.Run(ctx, app.PublicHTTP(router, secured), app.ProbeServer())
}
