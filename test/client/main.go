package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"stoa/internal/stack"
)

// Main runs the tests of a package on one system that they share, and returns the exit code. It hands the system to use
// before the first test.
func Main(m *testing.M, use func(*Shop) error, changes ...func(*stack.Options)) int {
	code, err := run(m, use, changes)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func run(m *testing.M, use func(*Shop) error, changes []func(*stack.Options)) (code int, err error) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "stoa-test-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	shop, err := Open(context.Background(), root, dir, changes...)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, shop.Stop(context.Background())) }()
	if err := use(shop); err != nil {
		return 0, err
	}
	return m.Run(), nil
}
