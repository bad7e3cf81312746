package main

import (
	"context"

	"github.com/spf13/cobra"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
)

func runCommand(place *place) *cobra.Command {
	return &cobra.Command{
		Use:     "run -- COMMAND...",
		Short:   "Start the broker, and run a command that starts everything else",
		Example: "  stoa run -- dapr run -f dapr.yaml\n  stoa run -- tye run tye/tye.yaml",
		Args:    cobra.MinimumNArgs(1),
		RunE: place.run(func(cmd *cobra.Command, root string, command []string) error {
			desc, err := description.Load(root)
			if err != nil {
				return err
			}
			system, err := stack.New(desc, stack.Options{Scale: desc.NoApps(), Log: stampedLines{cmd.OutOrStdout()}})
			if err != nil {
				return err
			}
			return runWith(cmd.Context(), system, command)
		}),
	}
}

func runWith(ctx context.Context, system *stack.Stack, command []string) error {
	if err := system.Start(ctx); err != nil {
		return err
	}
	failed := system.RunWith(ctx, command)
	if err := system.Stop(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	return failed
}
