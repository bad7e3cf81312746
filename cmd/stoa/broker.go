package main

import (
	"os"

	"github.com/spf13/cobra"

	"stoa/internal/stack"
)

// brokerCommand is what `up` starts the embedded broker with: the same program again, so that the broker can die and be
// restarted alone.
func brokerCommand(place *place) *cobra.Command {
	return &cobra.Command{
		Use:    "broker",
		Short:  "Run the embedded broker (started by `stoa up`)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			root, err := place.root()
			if err != nil {
				return err
			}
			return stack.RunBroker(cmd.Context(), root, os.Stdout)
		},
	}
}
