// Command auth measures what a sign-in costs. Through the gateway of a real system it compares two rates: reading an
// account's public profile with an API key, and reading the same account's private profile with its access token. It
// measures both in turns in one run, so that other load on the machine affects both alike.
//
// It prints both rates and their ratio, the median of all rounds, and fails when the ratio is below 0.9.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
)

const (
	rounds  = 21
	slice   = 500 * time.Millisecond
	clients = 16
	goal    = 0.9
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "stoa-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	system, err := start(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, system.Stop(context.WithoutCancel(ctx))) }()
	b, err := newBench(ctx, system)
	if err != nil {
		return err
	}
	return b.measure(ctx)
}

// start runs the whole system on free ports, without rate limits.
func start(ctx context.Context, dir string) (*stack.Stack, error) {
	root, err := filepath.Abs(".")
	if err != nil {
		return nil, err
	}
	desc, err := description.Load(root)
	if err != nil {
		return nil, err
	}
	system, err := stack.New(desc, stack.Options{
		Dir: dir, FreePorts: true, Env: map[string]string{"RATE_LIMITS": "false", "LOG_LEVEL": "warn"},
	})
	if err != nil {
		return nil, err
	}
	return system, system.Start(ctx)
}

// bench is a customer of a running system.
type bench struct {
	url, key string
	token    string
	account  string
	http     *http.Client
}

func newBench(ctx context.Context, system *stack.Stack) (*bench, error) {
	credentials, err := secrets.Credentials(system.Dir())
	if err != nil {
		return nil, err
	}
	b := &bench{
		url: system.GatewayURL() + "/api/v1/auth", key: credentials.APIKey,
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}, Timeout: 10 * time.Second},
	}
	return b, b.signUp(ctx)
}

func (b *bench) signUp(ctx context.Context) error {
	body := strings.NewReader(`{"name":"Bench","email":"bench@example.com","password":"a password of a bench"}`)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url+"/signup/basic", body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Api-Key", b.key)
	answer, err := b.http.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var session struct {
		User        struct{ ID string }
		AccessToken string
	}
	if err := json.NewDecoder(answer.Body).Decode(&session); err != nil || answer.StatusCode != http.StatusCreated {
		return errors.Join(fmt.Errorf("signing up: status %d", answer.StatusCode), err)
	}
	b.token, b.account = session.AccessToken, session.User.ID
	return nil
}

// read is one of the two operations that are compared.
type read struct {
	name, path, token string
	rates             []float64
}

// measure runs both in turns, each of them first in every other round, and prints the results.
func (b *bench) measure(ctx context.Context) error {
	public := &read{name: "without sign-in", path: "/profile/id/" + b.account}
	own := &read{name: "signed in", path: "/profile/mine", token: b.token}
	for round := range rounds + 1 {
		turns := []*read{public, own}
		if round%2 == 1 {
			slices.Reverse(turns)
		}
		for _, r := range turns {
			rate, err := b.rate(ctx, r)
			if err != nil {
				return err
			}
			if round > 0 { // the first warms up
				r.rates = append(r.rates, rate)
			}
		}
	}
	ratios := make([]float64, rounds)
	for i := range ratios {
		ratios[i] = own.rates[i] / public.rates[i]
	}
	for _, r := range []*read{public, own} {
		fmt.Printf("%-16s %6.0f/s   GET /api/v1/auth%s\n", r.name, median(r.rates), r.path)
	}
	fmt.Printf("%-16s %6.2f     %.2f to %.2f in %d rounds of %s, %d clients\n",
		"ratio", median(ratios), slices.Min(ratios), slices.Max(ratios), rounds, slice, clients)
	if median(ratios) < goal {
		return fmt.Errorf("the ratio is below %.1f", goal)
	}
	return nil
}

// rate reads with all clients for a slice of time and returns the answers per second.
func (b *bench) rate(ctx context.Context, r *read) (float64, error) {
	var answers atomic.Int64
	var failed error
	var once sync.Once
	var all sync.WaitGroup
	began := time.Now()
	for range clients {
		all.Go(func() {
			for time.Since(began) < slice {
				if err := b.get(ctx, r); err != nil {
					once.Do(func() { failed = err })
					return
				}
				answers.Add(1)
			}
		})
	}
	all.Wait()
	return float64(answers.Load()) / time.Since(began).Seconds(), failed
}

func (b *bench) get(ctx context.Context, r *read) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+r.path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("X-Api-Key", b.key)
	if r.token != "" {
		request.Header.Set("Authorization", "Bearer "+r.token)
	}
	answer, err := b.http.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %d %s", r.path, answer.StatusCode, body)
	}
	return err
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
