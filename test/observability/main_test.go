// Package observability watches a running system as an operator does: by Prometheus, and by the spans that it exports.
package observability

import (
	"fmt"
	"os"
	"testing"

	"stoa/test/client"
	"stoa/test/traces"
)

// shop is the system that the tests share. It exports its spans to the collector.
var (
	shop      *client.Shop
	collector *traces.Collector
)

func TestMain(m *testing.M) {
	var err error
	if collector, err = traces.Collect(nil); err == nil {
		err = os.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Endpoint)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(client.Main(m, func(started *client.Shop) error {
		shop = started
		return nil
	}))
}
