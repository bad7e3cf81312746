// Package e2e tests the whole system on its real processes, through the gateway, as people use it.
package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"stoa/test/client"
)

// shop is the system that the tests of this package share; those that break something start their own.
var shop *client.Shop

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return fail(err)
	}
	dir, err := os.MkdirTemp("", "stoa-e2e-")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(dir)
	shop, err = client.Open(context.Background(), root, dir)
	if err != nil {
		return fail(err)
	}
	code := m.Run()
	if err := shop.Stop(context.Background()); err != nil {
		return fail(err)
	}
	return code
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}
