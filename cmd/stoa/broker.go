package main

import (
	"os"

	"github.com/spf13/cobra"

	"stoa/internal/stack/broker"
)

// brokerCommand runs the embedded broker in its own process, so that it can restart alone. `stoa up` creates the streams of
// the broker that it starts; in a container, the flag --components makes the broker create them.
func brokerCommand(place *place) *cobra.Command {
	var components string
	cmd := &cobra.Command{
		Use:    "broker",
		Short:  "Run the embedded broker (started by `stoa up`)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: place.run(func(cmd *cobra.Command, root string, _ []string) error {
			if components != "" {
				return broker.RunWithStreams(cmd.Context(), root, components, os.Stdout)
			}
			return broker.Run(cmd.Context(), root, os.Stdout)
		}),
	}
	cmd.Flags().StringVar(&components, "components", "", "create the streams of the components in this folder")
	return cmd
}
