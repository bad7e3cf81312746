package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"stoa/internal/stack"
)

func downCommand(place *place) *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "Stop everything: the apps, which finish their work first, then the sidecars, then the broker",
		Args:  cobra.NoArgs,
		RunE: place.run(func(cmd *cobra.Command, root string, _ []string) error {
			if !stack.Running(root) {
				return endLeftOvers(cmd.OutOrStdout(), root)
			}
			return stopSupervisor(cmd.Context(), cmd.OutOrStdout(), root)
		}),
	}
}

// stopSupervisor asks the supervisor to stop, and returns when it and all its processes have ended.
func stopSupervisor(ctx context.Context, out io.Writer, root string) error {
	record, err := stack.ReadRecord(root)
	if err != nil {
		return err
	}
	if !record.Supervisor.Alive() {
		return fmt.Errorf("%s/.stoa/run/lock is locked, but state.json does not name the process; run `stoa doctor`", root)
	}
	if err := syscall.Kill(record.Supervisor.PID, syscall.SIGTERM); err != nil {
		return fmt.Errorf("cannot stop the supervisor, pid %d: %w", record.Supervisor.PID, err)
	}
	fmt.Fprintln(out, "Stopping; running work is finished first.")
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for stack.Running(root) || record.Supervisor.Alive() {
		select {
		case <-poll.C:
		case <-ctx.Done():
			return errors.New("interrupted; Stoa is still stopping")
		}
	}
	fmt.Fprintln(out, "Stoa is stopped.")
	return nil
}

// endLeftOvers cleans up after a supervisor that was killed.
func endLeftOvers(out io.Writer, root string) error {
	left, err := stack.EndLeftOvers(root)
	if err != nil {
		return err
	}
	if len(left) == 0 {
		fmt.Fprintln(out, "Nothing runs.")
		return nil
	}
	fmt.Fprintf(out, "No supervisor runs; ended %d processes of an earlier one.\n", len(left))
	return nil
}
