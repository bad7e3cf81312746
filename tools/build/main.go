// Command build is the first step of `make up`: it builds the sidecar, unless a suitable one is installed, and at the same time
// Stoa's programs, and says how far it is. It imports little, so that it is soon built itself.
//
//	go run ./tools/build [-link COMMAND] [PACKAGE...]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"

	"stoa/internal/stack/tools"
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

func run(ctx context.Context) error {
	link := flag.String("link", "", "the command that links the programs when their packages are compiled")
	flag.Parse()
	progress := tools.NewProgress(os.Stdout)
	defer progress.Stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	built := make(chan error, 2)
	go func() {
		_, err := tools.InstallDaprd(ctx, ".", false, progress)
		built <- err
	}()
	go func() {
		if *link == "" {
			built <- nil
			return
		}
		words := strings.Fields(*link)
		built <- progress.Programs(ctx, ".", flag.Args(), exec.CommandContext(ctx, words[0], words[1:]...))
	}()
	first := <-built
	if first != nil {
		cancel() // the other one
	}
	return errors.Join(first, <-built)
}
