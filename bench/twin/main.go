// Command twin is the null twin of the shop: one program that takes the place of every app beside the same sidecars, and runs the
// steps of package minimal with Dapr's SDK and net/http alone.
package main

import (
	"context"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	dapr "github.com/dapr/go-sdk/client"

	"stoa/bench/minimal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	dapr.SetLogger(nil)
	client, err := dapr.NewClient()
	if err != nil {
		return err
	}
	defer client.Close()
	app := &minimal.App{Platform: &sidecar{client}, Name: os.Getenv("APP_ID")}
	if pause := os.Getenv("PAUSE"); pause != "" {
		if app.Pause, err = time.ParseDuration(pause); err != nil {
			return err
		}
	}
	routes, err := app.Start(ctx)
	if err != nil {
		return err
	}
	return minimal.Serve(ctx, routes, os.Getenv("APP_PORT"), os.Getenv("PROBE_PORT"))
}

// sidecar is the platform of the shop.
type sidecar struct{ client dapr.Client }

// OrderAPI implements minimal.Platform by a service invocation.
func (s *sidecar) OrderAPI() http.Handler {
	address := &url.URL{Scheme: "http", Host: "127.0.0.1:" + os.Getenv("DAPR_HTTP_PORT")}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(address)
		r.Out.Header.Set("dapr-app-id", "order-api")
		r.Out.Header.Set("dapr-api-token", os.Getenv("DAPR_API_TOKEN"))
	}}
}

// Read implements minimal.Platform.
func (s *sidecar) Read(ctx context.Context, store string, keys ...string) ([]minimal.Document, error) {
	if len(keys) == 1 {
		item, err := s.client.GetState(ctx, store, keys[0], nil)
		if err != nil {
			return nil, err
		}
		return []minimal.Document{{Key: keys[0], Value: item.Value, Version: item.Etag}}, nil
	}
	items, err := s.client.GetBulkState(ctx, store, keys, nil, int32(len(keys)))
	if err != nil {
		return nil, err
	}
	documents := make([]minimal.Document, len(keys))
	for i, key := range keys {
		documents[i].Key = key
		for _, item := range items { // in any order
			if item.Key == key {
				documents[i].Value, documents[i].Version = item.Value, item.Etag
			}
		}
	}
	return documents, nil
}

// Save implements minimal.Platform.
func (s *sidecar) Save(ctx context.Context, store string, document minimal.Document) error {
	item := &dapr.SetStateItem{Key: document.Key, Value: document.Value, Options: &dapr.StateOptions{
		Concurrency: dapr.StateConcurrencyFirstWrite, Consistency: dapr.StateConsistencyStrong,
	}}
	switch document.Version {
	case "":
	case minimal.Any:
		item.Options.Concurrency = dapr.StateConcurrencyLastWrite
	default:
		item.Etag = &dapr.ETag{Value: document.Version}
	}
	return s.client.SaveBulkState(ctx, store, item)
}

// Mail implements minimal.Platform by the binding.
func (s *sidecar) Mail(ctx context.Context, name string, text []byte) error {
	_, err := s.client.InvokeBinding(ctx, &dapr.InvokeBindingRequest{
		Name: "mail", Operation: "create", Data: text, Metadata: map[string]string{"fileName": name},
	})
	return err
}

// Publish implements minimal.Platform.
func (s *sidecar) Publish(ctx context.Context, topic, _ string, event []byte) error {
	return s.client.PublishEvent(ctx, "pubsub-"+topic, topic, event, dapr.PublishEventWithContentType("application/cloudevents+json"))
}

// Subscribe implements minimal.Platform.
func (s *sidecar) Subscribe(ctx context.Context, topic string, handle func(context.Context, []byte) error) error {
	subscription, err := s.client.Subscribe(ctx, dapr.SubscriptionOptions{PubsubName: "pubsub-" + topic, Topic: topic})
	if err != nil {
		return err
	}
	go func() {
		for {
			message, err := subscription.Receive()
			if err != nil {
				return
			}
			if err := handle(ctx, message.RawData); err != nil {
				log.Print(err)
				_ = message.Retry()
				continue
			}
			_ = message.Success()
		}
	}()
	return nil
}
