package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"stoa/internal/builds"
)

// sides are the systems that a part compares; the first one is this build.
type sides []*shop

// this is the build of this checkout.
func (b *bench) this() build { return build{name: "this", root: b.root} }

// twin is the null twin of this build.
func (b *bench) twin() build {
	return build{name: "twin", root: b.root, program: filepath.Join(b.root, "bin", "twin")}
}

// bare is the same without sidecars.
func (b *bench) bare() build {
	return build{name: "bare", root: b.root, program: filepath.Join(b.root, "bin", "bare"), bare: true}
}

// earlier is the build of the commit to compare with; nothing if there is none.
func (b *bench) earlier(ctx context.Context) ([]build, error) {
	if b.base == "" {
		return nil, nil
	}
	root := filepath.Join(b.dir, "checkout")
	fmt.Printf("Building %s ...\n\n", b.base)
	return []build{{name: b.base, root: root}}, builds.Checkout(ctx, b.root, b.base, root)
}

// start starts systems one after the other. Each gets a folder of its own.
func (b *bench) start(ctx context.Context, part string, builds ...build) (sides, error) {
	var all sides
	for _, one := range builds {
		s, err := lay(one, filepath.Join(b.dir, part+"-"+one.name), &b.pool)
		if err == nil {
			err = s.start(ctx)
		}
		if err != nil {
			return all, err
		}
		opened, err := openShop(ctx, s)
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
		b.broker.close()
		failed = append(failed, b.system.stop())
	}
	return errors.Join(failed...)
}

// turns measures n things in turns, in every other round in the opposite order. Round 0 warms up.
func turns(rounds, n int, measure func(thing, round int) error) error {
	for round := range rounds + 1 {
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, thing := range order {
			if err := measure(thing, round); err != nil {
				return err
			}
		}
	}
	return nil
}
