// Command twin is the null twin of the shop: one program that takes the place of every app beside the same sidecars. For each
// order it makes the calls that an order needs at least, of the sizes that they have in the shop: 24. It decides nothing, checks
// nothing and logs nothing, and is written with Dapr's SDK and net/http alone. What an order of the shop costs beyond it is the
// price of what the shop does.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"

	dapr "github.com/dapr/go-sdk/client"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Getenv("APP_ID")); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, app string) error {
	dapr.SetLogger(nil)
	client, err := dapr.NewClient()
	if err != nil {
		return err
	}
	defer client.Close()
	t := &twin{client: client, app: app}
	routes := http.NewServeMux()
	ok := func(http.ResponseWriter, *http.Request) {}
	routes.HandleFunc("/readyz", ok)
	routes.HandleFunc("/healthz", ok)
	switch app {
	case "gateway":
		routes.Handle("/api/", t.gateway())
	case "order-api":
		routes.HandleFunc("POST /api/v1/orders", t.place)
	}
	if handle := t.handler(); handle != nil {
		if err := t.subscribe(ctx, handle.topic, handle.do); err != nil {
			return err
		}
	}
	return serve(ctx, routes, os.Getenv("APP_PORT"), os.Getenv("PROBE_PORT"))
}

// serve answers on all ports that are set.
func serve(ctx context.Context, routes http.Handler, ports ...string) error {
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

// twin is one app.
type twin struct {
	client dapr.Client
	app    string
	placed atomic.Int64
}

// gateway sends every request to order-api, through the sidecars.
func (t *twin) gateway() http.Handler {
	sidecar := &url.URL{Scheme: "http", Host: "127.0.0.1:" + os.Getenv("DAPR_HTTP_PORT")}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(sidecar)
		r.Out.Header.Set("dapr-app-id", "order-api")
		r.Out.Header.Set("dapr-api-token", os.Getenv("DAPR_API_TOKEN"))
	}}
}

// place saves a draft, publishes it and answers.
func (t *twin) place(w http.ResponseWriter, r *http.Request) {
	id := fmt.Sprintf("%s-%d", t.app, t.placed.Add(1))
	err := t.create(r.Context(), "order-store", "order:"+id, order)
	if err == nil {
		err = t.publish(r.Context(), "order-placed", id, order)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"id":%q,"status":"pending","lines":%q}`, id, filler(order/2))
}

// handling is what an app does with the events of a topic. The id is that of an order.
type handling struct {
	topic string
	do    func(ctx context.Context, id string) error
}

// handler is the handling of this app; nil for one that consumes nothing.
func (t *twin) handler() *handling {
	switch t.app {
	case "inventory-worker":
		return &handling{"order-placed", t.reserve}
	case "order-worker":
		return &handling{"stock", t.confirm}
	case "backoffice":
		return &handling{"order-confirmed", t.queue}
	case "notification":
		return &handling{"order-confirmed", t.tell}
	}
	return nil
}

func (t *twin) reserve(ctx context.Context, id string) error {
	const store = "inventory-store"
	read, err := t.client.GetBulkState(ctx, store, []string{"product:1", "reservation:" + id}, nil, 2)
	if err != nil {
		return err
	}
	etag := ""
	for _, item := range read {
		etag = cmp.Or(etag, item.Etag)
	}
	if err := t.save(ctx, store, "product:1", product, etag); err != nil {
		return err
	}
	if err := t.create(ctx, store, "reservation:"+id, reservation); err != nil {
		return err
	}
	return t.publish(ctx, "stock", id, event)
}

func (t *twin) confirm(ctx context.Context, id string) error {
	const store = "order-store"
	read, err := t.client.GetState(ctx, store, "order:"+id, nil)
	if err != nil {
		return err
	}
	if err := t.save(ctx, store, "order:"+id, order, read.Etag); err != nil {
		return err
	}
	if err := t.list(ctx, store, "orders", id); err != nil {
		return err
	}
	return t.publish(ctx, "order-confirmed", id, order)
}

func (t *twin) queue(ctx context.Context, id string) error {
	const store = "backoffice-store"
	if err := t.create(ctx, store, "fulfilment:"+id, order); err != nil {
		return err
	}
	return t.list(ctx, store, "fulfilments", id)
}

func (t *twin) tell(ctx context.Context, id string) error {
	const store = "notification-store"
	if err := t.create(ctx, store, "notice:"+id, mail); err != nil {
		return err
	}
	read, err := t.client.GetState(ctx, store, "inbox", nil)
	if err != nil {
		return err
	}
	_, err = t.client.InvokeBinding(ctx, &dapr.InvokeBindingRequest{
		Name: "mail", Operation: "create", Data: []byte(filler(mail)), Metadata: map[string]string{"fileName": id + ".eml"},
	})
	if err != nil {
		return err
	}
	if err := t.save(ctx, store, "inbox", listed(read.Value, id), read.Etag); err != nil {
		return err
	}
	return t.client.SaveState(ctx, store, "notice:"+id, []byte(filler(mail)), nil)
}

// The sizes in bytes of what the shop stores and sends for an order of one line.
const (
	order       = 900
	product     = 600
	reservation = 350
	event       = 400
	mail        = 1500
)

// filler is a JSON text of some size.
func filler(size int) string { return `"` + strings.Repeat("x", size-2) + `"` }

// create saves a document that is new.
func (t *twin) create(ctx context.Context, store, key string, size int) error {
	return t.save(ctx, store, key, size, "")
}

// save saves a document of a size, or a text, by compare-and-swap.
func (t *twin) save(ctx context.Context, store, key string, what any, etag string) error {
	var value []byte
	switch what := what.(type) {
	case int:
		value = []byte(filler(what))
	case []byte:
		value = what
	}
	item := &dapr.SetStateItem{Key: key, Value: value, Options: &dapr.StateOptions{
		Concurrency: dapr.StateConcurrencyFirstWrite, Consistency: dapr.StateConsistencyStrong,
	}}
	if etag != "" {
		item.Etag = &dapr.ETag{Value: etag}
	}
	return t.client.SaveBulkState(ctx, store, item)
}

// list adds an id to a list.
func (t *twin) list(ctx context.Context, store, key, id string) error {
	read, err := t.client.GetState(ctx, store, key, nil)
	if err != nil {
		return err
	}
	return t.save(ctx, store, key, listed(read.Value, id), read.Etag)
}

// listed is a list with one more entry, and half as long when it is full.
func listed(value []byte, id string) []byte {
	var ids []string
	_ = json.Unmarshal(value, &ids) // there is none yet
	ids = append(ids, fmt.Sprintf("%-36s", id))
	if len(ids) > 200 {
		ids = ids[100:]
	}
	text, _ := json.Marshal(ids)
	return text
}

func (t *twin) publish(ctx context.Context, topic, id string, size int) error {
	text := fmt.Sprintf(`{"id":%q,"specversion":"1.0","type":"twin","source":%q,"datacontenttype":"application/json","data":{"order":%q,"rest":%s}}`,
		topic+id, t.app, id, filler(size))
	return t.client.PublishEvent(ctx, "pubsub-"+topic, topic, []byte(text),
		dapr.PublishEventWithContentType("application/cloudevents+json"))
}

// subscribe handles the events of a topic, one after the other.
func (t *twin) subscribe(ctx context.Context, topic string, do func(context.Context, string) error) error {
	subscription, err := t.client.Subscribe(ctx, dapr.SubscriptionOptions{PubsubName: "pubsub-" + topic, Topic: topic})
	if err != nil {
		return err
	}
	go func() {
		for {
			message, err := subscription.Receive()
			if err != nil {
				return
			}
			var data struct{ Order string }
			if err := json.Unmarshal(message.RawData, &data); err != nil {
				log.Print(err)
			}
			if err := do(ctx, data.Order); err != nil {
				log.Print(err)
				_ = message.Retry()
				continue
			}
			_ = message.Success()
		}
	}()
	return nil
}
