// Package conformance holds every bus and every store of components/ against what Stoa needs of them, and the shop
// against every pair of them. The checks do not know what they run on, and none is loosened for a backend.
//
// Without flags it is quick: nats x sqlite and redis x redis, with fewer events. -full runs what the machine has,
// narrowed by -bus and -store; -report names the JSON file, such as docs/conformance.json, that takes the results.
package conformance

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"stoa/internal/stack/broker"
	"stoa/pkg/observability"
)

var (
	full       = flag.Bool("full", false, "all pairs, all events, and a long outage of each broker")
	onlyBuses  = flag.String("bus", "", "with -full: these buses only, separated by commas")
	onlyStores = flag.String("store", "", "with -full: these stores only, separated by commas")
	reportFile = flag.String("report", "", "JSON file that takes the results, below the folder of this package")
)

// What the project claims to run on, the default first.
var (
	buses  = []string{"nats", "kafka", "redis", "rabbitmq"}
	stores = []string{"sqlite", "redis", "postgres", "mariadb", "mongodb"}
)

// mixed is a store that has the databases of two others, for different services. The whole system runs on it, with the first bus.
const mixed = "mixed"

// pair is a bus and a store.
type pair struct{ bus, store string }

// chosenPairs are the pairs of this run.
func chosenPairs() []pair {
	if !*full {
		return []pair{{"nats", "sqlite"}, {"redis", "redis"}}
	}
	var pairs []pair
	for _, bus := range among(buses, *onlyBuses) {
		for _, store := range among(stores, *onlyStores) {
			pairs = append(pairs, pair{bus, store})
		}
	}
	if *onlyStores == "" && slices.Contains(among(buses, *onlyBuses), buses[0]) {
		pairs = append(pairs, pair{buses[0], mixed})
	}
	return pairs
}

func chosenBuses() []string { return distinct(func(p pair) string { return p.bus }) }

// chosenStores are without mixed, which is checked as what it consists of.
func chosenStores() []string {
	return slices.DeleteFunc(distinct(func(p pair) string { return p.store }), func(store string) bool { return store == mixed })
}

func distinct(pick func(pair) string) []string {
	var some []string
	for _, p := range chosenPairs() {
		if name := pick(p); !slices.Contains(some, name) {
			some = append(some, name)
		}
	}
	return some
}

func among(all []string, chosen string) []string {
	if chosen == "" {
		return all
	}
	return strings.Split(chosen, ",")
}

// checkChoice refuses names that are none, so that a slip of the pen does not look like a run without failures.
func checkChoice() error {
	for _, choice := range []struct {
		flag string
		all  []string
		text string
	}{{"bus", buses, *onlyBuses}, {"store", append(slices.Clone(stores), mixed), *onlyStores}} {
		for _, name := range among(choice.all, choice.text) {
			if !slices.Contains(choice.all, name) {
				return fmt.Errorf("-%s %s: there is no such; choose among %s", choice.flag, name, strings.Join(choice.all, ", "))
			}
		}
	}
	return nil
}

// TestMain also is what the test's own child processes start with: see [consumerRole] and [brokerRole].
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case consumerRole:
			exit(consume(context.Background(), os.Stdin, os.Stdout))
		case brokerRole:
			exit(runBroker(os.Args[3]))
		}
	}
	flag.Parse()
	if err := checkChoice(); err != nil {
		exit(err)
	}
	telemetry, err := observability.Start(context.Background(), "conformance", "error", io.Discard)
	if err != nil {
		exit(err)
	}
	if err := tookEmbedded(); err != nil {
		exit(err)
	}
	code := m.Run()
	_ = telemetry.Shutdown(context.Background())
	os.Exit(code)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

const (
	brokerRole   = "broker"
	consumerRole = "consumer"
)

// runBroker is `stoa broker --dir dir`, but for a gate: while the file is there, the broker is away.
func runBroker(dir string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		if _, err := os.Stat(gateFile(dir)); err != nil {
			return broker.Run(ctx, dir, broker.Settings{}, os.Stderr)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func gateFile(dir string) string { return filepath.Join(dir, "the-broker-is-away") }
