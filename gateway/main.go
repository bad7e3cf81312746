// Command gateway is the only public port: it applies the plugins of kong.yml to each request, and forwards what that file
// names to an app, through its own sidecar. It stores nothing and knows no business, so that any other gateway can take
// its place; a real Kong does so with the same file.
package main

import (
	"context"
	"net/http"

	"stoa/gateway/declaration"
	"stoa/gateway/edge/apikey"
	"stoa/gateway/edge/request"
	"stoa/gateway/kong"
	"stoa/pkg/common/config"
	"stoa/pkg/common/service"
	"stoa/pkg/common/settings"
	"stoa/pkg/common/web"
)

// configuration is what the environment says to the gateway.
type configuration struct {
	config.Base
	// Routes is a file with everything that can be reached from outside; if empty, the kong.yml that is built in.
	Routes string `envconfig:"GATEWAY_ROUTES"`
	// TrustedProxies are the networks of load balancers in front of the gateway; only their X-Forwarded-For counts.
	TrustedProxies request.Proxies `envconfig:"TRUSTED_PROXIES"`
	// RateLimits switches all limits off where nobody needs protection. It can change while the process runs.
	RateLimits bool `envconfig:"RATE_LIMITS" default:"true"`
	// MaxConnections is how many connections may be open, and MaxConnectionsPerAddress how many of them from one address.
	MaxConnections           int `envconfig:"MAX_CONNECTIONS" default:"8192"`
	MaxConnectionsPerAddress int `envconfig:"MAX_CONNECTIONS_PER_ADDRESS" default:"2048"`
}

func main() { service.Main(run) }

func run(ctx context.Context) error {
	cfg, err := config.Load[configuration]()
	if err != nil {
		return err
	}
	routes, err := cfg.routes()
	if err != nil {
		return err
	}
	app, err := service.Start(ctx, cfg.Base)
	if err != nil {
		return err
	}
	defer app.Close(ctx)
	app.CheckApp(authApp) // without it no API key can be checked
	keys, err := apikey.NewChecker(askAuth(app.Sidecar.Transport()), cacheAge(routes), keyTimeout)
	if err != nil {
		return err
	}
	keys.Breaker = app.Sidecar.Crowd(authApp)
	apps, err := newProxy(app.Sidecar)
	if err != nil {
		return err
	}
	edge := newEdge(apps, keys, app.Settings, settings.Bool(app.Settings, "RATE_LIMITS", cfg.RateLimits).Get)
	router, err := edge.router(routes)
	if err != nil {
		return err
	}
	around := func(next http.Handler) http.Handler { return identified(cfg.TrustedProxies, secured(next)) }
	return app.Run(ctx, app.PublicHTTP(router, cfg.limits(), around), app.ProbeServer())
}

func (c configuration) routes() ([]declaration.Route, error) {
	if c.Routes != "" {
		return declaration.Load(c.Routes)
	}
	return declaration.Parse(kong.File, kong.Table())
}

// limits bounds the connections of clients.
func (c configuration) limits() web.Limits {
	limits := web.DefaultLimits()
	limits.HeaderBytes = web.PublicHeaderBytes
	limits.Connections, limits.PerAddress, limits.Unbounded = c.MaxConnections, c.MaxConnectionsPerAddress, c.TrustedProxies.Trusts
	return limits
}
