// Package sidecarmetrics counts the calls between apps and their sidecars. The sidecars count them; this package reads their
// metrics.
package sidecarmetrics

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
)

// The kinds of calls. Calls of a state store have the name of their operation, such as get and set; a service invocation has
// the name of the app that is called, too, such as "invoke auth".
const (
	Publish = "publish"
	Deliver = "deliver" // of an event, by the sidecar, up to the app's acknowledgement
	Binding = "binding"
	Invoke  = "invoke"
)

// counters are the metrics that count calls, by kind. Reads and saves are counted by component, because the API's own metrics
// differ between protocols.
var counters = map[string]string{
	"dapr_component_state_count":                     "state",
	"dapr_component_pubsub_egress_count":             Publish,
	"dapr_component_pubsub_ingress_count":            Deliver,
	"dapr_component_output_binding_count":            Binding,
	"dapr_runtime_service_invocation_req_sent_total": Invoke,
}

// Calls counts calls by app and kind.
type Calls map[string]map[string]float64

// Read reads the metrics of all sidecars among these processes. Replicas of an app count together.
func Read(ctx context.Context, processes []stack.Process) (Calls, error) {
	counted := Calls{}
	for _, p := range processes {
		port := p.Ports[description.PortMetrics]
		if port == 0 {
			continue
		}
		if err := counted.scrape(ctx, p.App, fmt.Sprintf("http://%s:%d/", description.Loopback, port)); err != nil {
			return nil, fmt.Errorf("the metrics of %s: %w", p.Name, err)
		}
	}
	return counted, nil
}

func (c Calls) scrape(ctx context.Context, app, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return c.add(app, answer.Body)
}

// add adds what a sidecar has counted for its app.
func (c Calls) add(app string, metrics io.Reader) error {
	lines := bufio.NewScanner(metrics)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if kind, n := parse(lines.Text()); n > 0 {
			c.count(app, kind, n)
		}
	}
	return lines.Err()
}

func (c Calls) count(app, kind string, n float64) {
	if c[app] == nil {
		c[app] = map[string]float64{}
	}
	c[app][kind] += n
}

// parse reads one line of metrics, such as `name{label="x"} 3`.
func parse(line string) (kind string, n float64) {
	name, rest, _ := strings.Cut(line, "{")
	kind = counters[name]
	labels, value, found := strings.Cut(rest, "} ")
	if kind == "" || !found {
		return "", 0
	}
	switch kind {
	case "state":
		kind = label(labels, "operation")
	case Invoke:
		kind += " " + label(labels, "dst_app_id")
	}
	n, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return "", 0
	}
	return kind, n
}

func label(labels, name string) string {
	_, rest, _ := strings.Cut(labels, name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// Since returns the calls that were counted after an earlier reading.
func (c Calls) Since(earlier Calls) Calls {
	later := Calls{}
	for app, kinds := range c {
		for kind, all := range kinds {
			if more := all - earlier[app][kind]; more > 0 {
				later.count(app, kind, more)
			}
		}
	}
	return later
}

// Per returns the mean number of calls for each of n orders, or of whatever has caused them.
func (c Calls) Per(n int) Calls { return c.Times(1 / float64(n)) }

// Times returns the calls of n orders, if these are those of one.
func (c Calls) Times(n float64) Calls {
	product := Calls{}
	for app, kinds := range c {
		for kind, each := range kinds {
			product.count(app, kind, each*n)
		}
	}
	return product
}

// Plus returns the calls of both.
func (c Calls) Plus(more Calls) Calls {
	sum := c.Times(1)
	for app, kinds := range more {
		for kind, n := range kinds {
			sum.count(app, kind, n)
		}
	}
	return sum
}

// Sum returns the number of calls of all apps and kinds.
func (c Calls) Sum() (all float64) {
	for _, kinds := range c {
		for _, n := range kinds {
			all += n
		}
	}
	return all
}
