package service

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/mux"
	"google.golang.org/grpc"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/rpc"
	"stoa/pkg/common/web"
)

// checkTimeout bounds one readiness check: probes do not wait long.
const checkTimeout = time.Second

// check is one dependency, by name.
type check struct {
	name string
	ask  func(ctx context.Context) error
}

// check adds a dependency without which the process is not ready. docs/decisions/0016 lists all names.
func (a *App) check(kind, name string, ask func(ctx context.Context) error) {
	a.checks = append(a.checks, check{name: strings.TrimSpace(kind + " " + name), ask: ask})
}

// checkSidecar adds the sidecar, and the state stores that the sidecar has for this app.
func (a *App) checkSidecar(ctx context.Context) error {
	a.check("sidecar", "", a.Sidecar.Healthy)
	stores, err := a.Sidecar.Stores(ctx)
	for _, store := range stores {
		a.check("store", store, func(ctx context.Context) error { return a.Sidecar.CheckStore(ctx, store) })
	}
	return err
}

// CheckApp adds another app without which this one can serve no request.
func (a *App) CheckApp(appID string) {
	a.check("app", appID, func(ctx context.Context) error {
		return a.Sidecar.Invoke(ctx, appID, http.MethodGet, "/healthz", nil, nil)
	})
}

// Readiness is the answer of /readyz.
type Readiness struct {
	// Status is "ready" or "unavailable".
	Status string `json:"status"`
	// Checks has for each dependency "ok", or what is wrong.
	Checks map[string]string `json:"checks"`
	// Breakers has the state of the circuit breaker for each app that this process calls: closed, half-open or open. The process
	// is ready all the same, because it serves what does not need that app.
	Breakers map[string]string `json:"breakers,omitempty"`
}

// publicAge is how long /readyz repeats an answer on the public port: however many clients ask, the dependencies are asked
// at most twice a second.
const publicAge = 500 * time.Millisecond

// Probes adds /healthz (the process is alive), /readyz (its dependencies answer) and /metrics to a router.
func (a *App) Probes(router *mux.Router) {
	a.health(router, a.ready)
	router.Path("/metrics").Methods(http.MethodGet).Handler(a.Telemetry.Metrics)
}

func (a *App) health(router *mux.Router, ready func(context.Context) (int, Readiness)) {
	router.Path("/healthz").Methods(http.MethodGet).HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	router.Path("/readyz").Methods(http.MethodGet).HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, readiness := ready(r.Context())
		writeJSON(w, status, readiness)
	})
}

// ready asks all dependencies at once.
func (a *App) ready(ctx context.Context) (int, Readiness) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	status, readiness := http.StatusOK, Readiness{Status: "ready", Checks: map[string]string{}}
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, c := range a.checks {
		all.Go(func() {
			err := c.ask(ctx)
			mu.Lock()
			defer mu.Unlock()
			readiness.Checks[c.name] = "ok"
			if err != nil {
				status, readiness.Status = http.StatusServiceUnavailable, "unavailable"
				readiness.Checks[c.name] = errs.From(err).Message
			}
		})
	}
	all.Wait()
	readiness.Breakers = a.Sidecar.Breakers()
	return status, readiness
}

// cachedReady returns ready with a cache: an answer younger than age is used again. For a new one, all callers wait.
func (a *App) cachedReady(age time.Duration) func(context.Context) (int, Readiness) {
	turn := make(chan struct{}, 1)
	var asked time.Time
	var status int
	var readiness Readiness
	return func(ctx context.Context) (int, Readiness) {
		turn <- struct{}{}
		defer func() { <-turn }()
		if time.Since(asked) >= age {
			status, readiness = a.ready(context.WithoutCancel(ctx))
			asked = time.Now()
		}
		return status, readiness
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller may have gone away
}

// HTTP returns the part that serves a router on the app port to the app's sidecar, and the probes to every program on the
// machine. With a PROBE_PORT it serves the probes there, too: then the app port can stay on loopback where probes come from
// elsewhere.
func (a *App) HTTP(router *mux.Router) Part {
	a.Probes(router)
	handler := web.RequireAppToken(a.Config.AppAPIToken, web.PlainPaths(web.Wrap(router, a.Telemetry.Log)))
	handler = web.MarkAnswers(handler)
	app := a.listen(a.Config.Host, a.Config.AppPort, "APP_PORT", web.DefaultLimits(), handler)
	if a.Config.ProbePort == 0 {
		return app
	}
	return together(app, a.ProbeServer())
}

// PublicHTTP returns the part that serves a router, /healthz and /readyz on the app port to everyone, within these limits.
// around wraps the whole handler. Metrics are not public: ProbeServer serves them.
func (a *App) PublicHTTP(router *mux.Router, limits web.Limits, around func(http.Handler) http.Handler) Part {
	a.health(router, a.cachedReady(publicAge))
	return a.listen(a.Config.Host, a.Config.AppPort, "APP_PORT", limits, around(web.WrapPublic(router, a.Telemetry.Log)))
}

// ProbeServer returns the part that serves the probes of an app that has no HTTP app port, or one that is public.
func (a *App) ProbeServer() Part {
	router := web.NewRouter()
	a.Probes(router)
	return a.listen(a.Config.ProbeHost, a.Config.ProbePort, "PROBE_PORT", web.DefaultLimits(), router)
}

func (a *App) listen(host string, port int, variable string, limits web.Limits, handler http.Handler) Part {
	return func(ctx context.Context) error {
		if port == 0 {
			return fmt.Errorf("configuration: %s is not set", variable)
		}
		return web.Serve(ctx, net.JoinHostPort(host, strconv.Itoa(port)), handler, limits)
	}
}

// GRPC returns the part that serves gRPC on the app port to the app's sidecar. register adds the services.
func (a *App) GRPC(register func(grpc.ServiceRegistrar)) Part {
	server := rpc.NewServer(a.Telemetry.Log, a.Config.AppAPIToken)
	register(server)
	return func(ctx context.Context) error {
		if a.Config.AppPort == 0 {
			return fmt.Errorf("configuration: APP_PORT is not set")
		}
		return rpc.Serve(ctx, net.JoinHostPort(a.Config.Host, strconv.Itoa(a.Config.AppPort)), server)
	}
}
