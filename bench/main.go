// Command bench measures what an order costs, and compares it with other ways to do the same: the null twin, which makes the calls
// of an order and nothing else (see twin), and the build of another commit. All sides run at the same time on one machine and are
// measured in turns, so that other load on the machine affects them alike.
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
	base := flag.String("base", "", "a commit to compare with")
	rounds := flag.Int("rounds", 5, "how often each side is measured")
	count := flag.Int("orders", 200, "orders of one measurement")
	flag.Parse()
	dir, err := os.MkdirTemp("", "stoa-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	sides, err := start(ctx, dir, *base)
	defer func() { err = errors.Join(err, sides.stop()) }()
	if err != nil {
		return err
	}
	for _, b := range sides {
		sizes, err := b.memory()
		if err != nil {
			return err
		}
		var sum int64
		for _, size := range sizes {
			sum += size
		}
		fmt.Printf("Memory of %d processes of %s before any load (PSS): %d MB\n", len(sizes), b.name, sum>>20)
	}
	for _, callers := range []int{1, 8} {
		measured, err := sides.measure(ctx, *rounds, *count, callers)
		if err != nil {
			return err
		}
		measured.print(os.Stdout, callers)
	}
	return nil
}

// sides are the systems that are compared; the first one is this build.
type sides []*shop

// start starts this build, its null twin and, unless it is "", the build of another commit.
func start(ctx context.Context, dir, base string) (sides, error) {
	root, err := filepath.Abs(".")
	if err != nil {
		return nil, err
	}
	builds := []struct{ name, root, twin string }{
		{"this", root, ""}, {"twin", root, filepath.Join(root, "bin", "twin")},
	}
	if base != "" {
		other := filepath.Join(dir, "checkout")
		if err := checkout(ctx, base, other); err != nil {
			return nil, err
		}
		builds = append(builds, struct{ name, root, twin string }{base, other, ""})
	}
	var all sides
	pool := &stack.PortPool{}
	defer pool.Release()
	for _, b := range builds {
		at := filepath.Join(dir, b.name)
		s, err := startSystem(ctx, b.name, b.root, at, b.twin, pool)
		if err != nil {
			return all, err
		}
		opened, err := openShop(ctx, s, b.twin != "")
		all = append(all, opened)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

func (all sides) stop() error {
	var failed []error
	for _, b := range all {
		failed = append(failed, b.system.stop())
	}
	return errors.Join(failed...)
}

// measure measures every side in turns, each first in every other round. A round before the first warms up.
func (all sides) measure(ctx context.Context, rounds, count, callers int) (results, error) {
	measured := results{}
	for _, b := range all {
		measured = append(measured, result{name: b.name})
	}
	for round := range rounds + 1 {
		turns := make([]int, len(all))
		for i := range turns {
			turns[i] = i
		}
		if round%2 == 1 {
			slices.Reverse(turns)
		}
		for _, i := range turns {
			s, err := all[i].orders(ctx, count, callers)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				measured[i].samples = append(measured[i].samples, s)
			}
		}
	}
	return measured, nil
}
