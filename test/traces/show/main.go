// Command show starts Zipkin and the whole system, places an order, and says where its trace is, from the request to the last mail.
// With OTEL_EXPORTER_OTLP_ENDPOINT, the spans go there instead. It runs until it is interrupted, for `make traces`.
package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"stoa/internal/stack"
	"stoa/test/client"
	"stoa/test/servers"
	"stoa/test/traces"
)

const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"

// settled is how long nothing more has come of a trace that is complete: twice as long as a process keeps its spans.
const settled = 10 * time.Second

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	if elsewhere := os.Getenv(endpoint); elsewhere != "" {
		return place(ctx, func(traceID string) error {
			_, err := fmt.Printf("Its trace is %s, at %s.\n", traceID, elsewhere)
			return err
		})
	}
	fmt.Println("Starting Zipkin ...")
	zipkin, address, err := servers.StartZipkin(ctx)
	if err != nil {
		return fmt.Errorf("%w; or set %s to the address of your own collector", err, endpoint)
	}
	defer func() { err = errors.Join(err, zipkin.Stop()) }()
	collector, err := traces.Collect(func(spans []traces.Span) {
		if err := traces.SendToZipkin(ctx, address, spans); err != nil && ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, err)
		}
	})
	if err != nil {
		return err
	}
	defer collector.Close()
	if err := os.Setenv(endpoint, collector.Endpoint); err != nil {
		return err
	}
	return place(ctx, func(traceID string) error { return show(ctx, collector, address, traceID) })
}

// place starts the system, which ships orders by itself, places an order, and keeps the system until ctx ends.
func place(ctx context.Context, show func(traceID string) error) error {
	dir, err := os.MkdirTemp("", "stoa-traces-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Println("Starting the system ...")
	shop, err := client.Open(ctx, ".", dir, func(o *stack.Options) { o.Env["AUTO_FULFIL"] = "true" })
	if err != nil {
		return err
	}
	defer func() { _ = shop.Stop(context.Background()) }() // what does not end is killed
	orderID, traceID, err := traces.PlaceOrder(ctx, shop, "order-shipped")
	if err != nil {
		return err
	}
	fmt.Printf("The order %s is confirmed and shipped, and both mails are sent.\n", orderID)
	if err := show(traceID); err != nil {
		return err
	}
	fmt.Printf("The gateway is at %s. Ctrl-C ends everything.\n", shop.URL)
	<-ctx.Done()
	return nil
}

// show waits until all spans have come, and says where they are.
func show(ctx context.Context, collector *traces.Collector, zipkin, traceID string) error {
	for before := -1; before != len(collector.Trace(traceID)); {
		before = len(collector.Trace(traceID))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(settled):
		}
	}
	services := map[string]bool{}
	for _, s := range collector.Trace(traceID) {
		services[s.Service] = true
	}
	n, err := traces.InZipkin(ctx, zipkin, traceID)
	fmt.Printf("Zipkin has %d spans of it, by %v:\n%s/zipkin/traces/%s\n", n, slices.Sorted(maps.Keys(services)), zipkin, traceID)
	return err
}
