// Command settings measures what single settings of a sidecar and its client cost. For each it starts two sidecars, one as
// dapr.yaml has it and one with that setting changed, and reads and saves documents through both in turns (A B B A), so that
// other load on the machine affects both alike. It prints CPU time for each call, of the sidecar and of the client.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"stoa/internal/stack"
	"stoa/internal/stack/tools"
)

// settings are what a pair of sidecar and client is started with.
type settings struct {
	name       string
	config     func(text string) string // changes the file of components/config/apps
	arguments  []string
	env        []string
	sampler    sdktrace.Sampler // of the client
	everyCall  bool             // the client's instrumentation has spans and metrics of every call
	unixSocket bool
	daprd      string // another sidecar
}

// standing are the settings as they are.
var standing = settings{name: "as it is", sampler: sdktrace.NeverSample()}

// changes are what standing is compared with.
var changes = []settings{
	{name: "the same again"},
	{name: "every span recorded", sampler: sdktrace.AlwaysSample()},
	{name: "sidecar without tracing", config: replace(`samplingRate: "1"`, `samplingRate: "0"`)},
	{name: "every call instrumented", everyCall: true},
	{name: "both", sampler: sdktrace.AlwaysSample(), everyCall: true},
	{name: "no list of allowed APIs", config: withoutAllowed},
	{name: "no metrics", config: replace("enabled: true\n    http", "enabled: false\n    http")},
	{name: "unix domain socket", unixSocket: true},
	{name: "GOGC=200 in the sidecar", env: []string{"GOGC=200"}},
	{name: "GOGC=400 in the sidecar", env: []string{"GOGC=400"}},
	{name: "no metrics and GOGC=400", config: replace("enabled: true\n    http", "enabled: false\n    http"), env: []string{"GOGC=400"}},
}

func replace(old, new string) func(string) string {
	return func(text string) string { return strings.Replace(text, old, new, 1) }
}

// withoutAllowed cuts the part from `api:` to the next one.
func withoutAllowed(text string) string {
	before, rest, _ := strings.Cut(text, "  api:\n")
	_, after, _ := strings.Cut(rest, "  secrets:\n")
	return before + "  secrets:\n" + after
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	rounds := flag.Int("rounds", 80, "how often each side is measured")
	calls := flag.Int("calls", 50, "calls of each kind in one measurement; few, so that other load affects both sides alike")
	only := flag.String("only", "", "measure the changes whose name contains this")
	other := flag.String("other", "", "another sidecar's program, such as the official one, to compare with")
	flag.Parse()
	if *other != "" {
		changes = append(changes, settings{name: "the other sidecar", daprd: *other})
	}
	otel.SetTextMapPropagator(propagation.TraceContext{})
	otel.SetMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))) // as in an app
	fmt.Printf("%-32s %8s  %31s  %31s\n%-32s %8s", "", "", "reading: CPU-µs", "saving: CPU-µs", "setting", "callers")
	for range 2 {
		fmt.Printf("  %9s %9s %11s", "sidecar", "client", "as it is")
	}
	fmt.Println()
	for _, change := range changes {
		if !strings.Contains(change.name, *only) {
			continue
		}
		if change.sampler == nil {
			change.sampler = standing.sampler
		}
		if err := compare(ctx, change, *rounds, *calls); err != nil {
			return fmt.Errorf("%s: %w", change.name, err)
		}
	}
	return nil
}

// compare measures standing and one change in turns.
func compare(ctx context.Context, change settings, rounds, calls int) (err error) {
	dir, err := os.MkdirTemp("", "stoa-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	pool := &stack.PortPool{}
	defer pool.Release()
	root, err := filepath.Abs(".")
	if err != nil {
		return err
	}
	daprd, err := tools.FindDaprd(root)
	if err != nil {
		return err
	}
	var sides []*side
	for i, s := range []settings{standing, change} {
		opened, err := open(ctx, root, filepath.Join(dir, fmt.Sprint(i)), cmp.Or(s.daprd, daprd), s, pool)
		if err != nil {
			return err
		}
		defer opened.stop()
		sides = append(sides, opened)
	}
	for _, callers := range []int{1, 8} {
		reads, saves, err := measure(ctx, sides, rounds, calls, callers)
		if err != nil {
			return err
		}
		fmt.Printf("%-32s %8d", change.name, callers)
		for _, costs := range [][]cost{reads, saves} {
			before, after := costs[0], costs[1]
			fmt.Printf("  %9s %9s %5d + %3d", difference(before.sidecar, after.sidecar), difference(before.client, after.client),
				before.sidecar.Microseconds(), before.client.Microseconds())
		}
		fmt.Println()
	}
	return nil
}

func difference(before, after time.Duration) string {
	return fmt.Sprintf("%d %+.0f%%", after.Microseconds(), 100*(float64(after)/float64(before)-1))
}

// cost is the CPU time of one call, or the mean of several.
type cost struct{ sidecar, client time.Duration }

func (c cost) plus(other cost) cost { return cost{c.sidecar + other.sidecar, c.client + other.client} }

func (c cost) by(n int) cost { return cost{c.sidecar / time.Duration(n), c.client / time.Duration(n)} }

// measure measures the sides in turns, each first in every other round. A round before the first warms up.
func measure(ctx context.Context, sides []*side, rounds, calls, callers int) (reads, saves []cost, err error) {
	reads, saves = make([]cost, len(sides)), make([]cost, len(sides))
	for round := range rounds + 1 {
		for turn := range sides {
			i := (turn + round) % len(sides)
			read, err := sides[i].spend(ctx, calls, callers, sides[i].read)
			if err != nil {
				return nil, nil, err
			}
			saved, err := sides[i].spend(ctx, calls, callers, sides[i].save)
			if err != nil {
				return nil, nil, err
			}
			if round > 0 {
				reads[i], saves[i] = reads[i].plus(read.by(rounds)), saves[i].plus(saved.by(rounds))
			}
		}
	}
	return reads, saves, nil
}
