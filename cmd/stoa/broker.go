package main

import (
	"os"

	"github.com/spf13/cobra"

	"stoa/internal/stack/broker"
)

// brokerCommand runs the embedded broker in a process of its own, which can restart alone. `up` starts it and makes its
// streams; in a container it makes them itself.
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
	cmd.Flags().StringVar(&components, "components", "", "make the streams of the components in this folder")
	return cmd
}
