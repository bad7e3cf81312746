// Command bench measures what an order costs, and compares it with other ways to do the same. Both sides of a comparison run at
// the same time on the same machine, and are measured in turns.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"

	"stoa/internal/stack"
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
	base := flag.String("base", "", "commit to compare with")
	rounds := flag.Int("rounds", 5, "rounds")
	count := flag.Int("orders", 200, "orders in a slice")
	flag.Parse()
	dir, err := os.MkdirTemp("", "stoa-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	root, err := filepath.Abs(".")
	if err != nil {
		return err
	}
	pool := &stack.PortPool{}
	defer pool.Release()
	var shops []*shop
	open := func(name, root, twin string) error {
		at := filepath.Join(dir, name)
		s, err := startSystem(ctx, name, root, at, twin, pool, "RATE_LIMITS=false", "LOG_LEVEL=warn")
		if err != nil {
			return err
		}
		b, err := openShop(ctx, s, twin != "")
		shops = append(shops, b)
		return err
	}
	defer func() {
		for _, b := range shops {
			err = errors.Join(err, b.stop())
		}
	}()
	if err := open("this", root, ""); err != nil {
		return err
	}
	if *base != "" {
		other := filepath.Join(dir, "checkout")
		defer removeCheckout(other)
		if err := checkout(ctx, *base, other); err != nil {
			return err
		}
		if err := open("base", other, ""); err != nil {
			return err
		}
	}
	if err := open("twin", root, filepath.Join(root, "bin", "twin")); err != nil {
		return err
	}
	for _, callers := range []int{1, 8} {
		for round := range *rounds + 1 {
			turns := slices.Clone(shops)
			if round%2 == 1 {
				slices.Reverse(turns)
			}
			for _, b := range turns {
				s, err := b.orders(ctx, *count, callers)
				if err != nil {
					return err
				}
				fmt.Printf("%d callers, round %d, %-5s %6.1f/s  p50 %6.1f ms  %5.1f CPU-ms  %4.1f calls\n", callers, round, b.name, s.Rate, s.p50(), s.cpu(), s.Calls.sum())
				if round == *rounds {
					fmt.Println(s.CPU, s.Calls)
				}
			}
		}
	}
	return nil
}
