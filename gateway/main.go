// Command gateway is the only public port: it asks for an API key and forwards what the table of routes names to the app
// behind it, through its own sidecar. It holds no state and knows no business, so that any other gateway can stand in.
package main

import (
	"context"
	"net/http"
	"time"

	"stoa/gateway/edge/apikey"
	"stoa/gateway/edge/request"
	"stoa/pkg/common/config"
	"stoa/pkg/common/service"
	"stoa/pkg/sidecar"
)

// keyTimeout bounds the question to auth: a person is told within three seconds that it is down.
const keyTimeout = 2 * time.Second

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
	keys, err := apikey.NewChecker(askAuth(transport), apikey.MaxAge, keyTimeout)
	if err != nil {
		return err
	}
	router := newRouter(newProxy(transport), keys)
	return app.Run(ctx, app.PublicHTTP(router, secured), app.ProbeServer())
}

// askAuth returns the question whether an API key is valid, as it is put to auth through the sidecar.
func askAuth(transport http.RoundTripper) apikey.Ask {
	return apikey.At(func(question *http.Request) (*http.Response, error) {
		return transport.RoundTrip(question.WithContext(sidecar.Target(question.Context(), authApp)))
	}, request.VerifyKeyPath)
}
