// Package minimal is an order of the shop with nothing decided. For each order it makes the calls that an order needs at least,
// of the sizes that they have in the shop: 24. It checks nothing and logs nothing. What an order of the shop costs beyond it is
// the price of what the shop does. Two programs run these steps: twin beside sidecars, and bare without them.
package minimal

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// Platform is what the steps run on.
type Platform interface {
	// Read reads documents in one call. The version of one that does not exist is "".
	Read(ctx context.Context, store string, keys ...string) ([]Document, error)
	// Save writes by compare-and-swap. Without a version, the document must not exist.
	Save(ctx context.Context, store string, document Document) error
	// Publish publishes a CloudEvent, and returns when the broker has stored it.
	Publish(ctx context.Context, topic, id string, event []byte) error
	// Subscribe hands over the data of each event of a topic, one after the other. Without an error, the event is acknowledged.
	Subscribe(ctx context.Context, topic string, handle func(ctx context.Context, data []byte) error) error
	// Mail sends a mail: a file of this name.
	Mail(ctx context.Context, name string, text []byte) error
	// OrderAPI forwards requests to order-api.
	OrderAPI() http.Handler
}

// Any is the version with which a document is saved whatever its version is.
const Any = "*"

// Document is a value under a key, with the version at which it was read.
type Document struct {
	Key     string
	Value   []byte
	Version string
}

// App is one process: it has the name of the app of the shop whose place it takes.
type App struct {
	Platform Platform
	Name     string
	// Pause, if set, is all that inventory-worker does with an event.
	Pause time.Duration

	placed atomic.Int64
}

// Start begins to handle events, and returns the routes of the app.
func (a *App) Start(ctx context.Context) (http.Handler, error) {
	routes := http.NewServeMux()
	ok := func(http.ResponseWriter, *http.Request) {}
	routes.HandleFunc("/readyz", ok)
	routes.HandleFunc("/healthz", ok)
	switch a.Name {
	case "gateway":
		routes.Handle("/api/", a.Platform.OrderAPI())
	case "order-api":
		routes.HandleFunc("POST /api/v1/orders", a.place)
	}
	topic, handle := a.handler()
	if handle == nil {
		return routes, nil
	}
	return routes, a.Platform.Subscribe(ctx, topic, func(ctx context.Context, data []byte) error {
		var event struct{ Order string }
		if err := json.Unmarshal(data, &event); err != nil {
			return err
		}
		return handle(ctx, event.Order)
	})
}

// handler is what this app does for an order, and the topic that tells it of orders; nil for an app that consumes nothing.
func (a *App) handler() (topic string, handle func(ctx context.Context, id string) error) {
	switch a.Name {
	case "inventory-worker":
		if a.Pause > 0 {
			return "order-placed", a.rest
		}
		return "order-placed", a.reserve
	case "order-worker":
		return "stock", a.confirm
	case "backoffice":
		return "order-confirmed", a.queue
	case "notification":
		return "order-confirmed", a.tell
	}
	return "", nil
}

func (a *App) rest(ctx context.Context, _ string) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(a.Pause):
		return nil
	}
}

// Serve answers on all ports that are set.
func Serve(ctx context.Context, routes http.Handler, ports ...string) error {
	ended := make(chan error, len(ports))
	for _, port := range ports {
		if port == "" {
			continue
		}
		server := &http.Server{Addr: "127.0.0.1:" + port, Handler: routes}
		go func() { ended <- server.ListenAndServe() }()
	}
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return nil
	}
}

// Event is the CloudEvent that tells of an order.
func Event(source, topic, order string, size int) []byte {
	return fmt.Appendf(nil,
		`{"id":%q,"specversion":"1.0","type":"minimal","source":%q,"datacontenttype":"application/json","data":{"order":%q,"rest":%s}}`,
		topic+order, source, order, filler(size))
}

// filler is a JSON text of some size.
func filler(size int) []byte { return []byte(`"` + strings.Repeat("x", size-2) + `"`) }
