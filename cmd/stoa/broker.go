package main

import (
	"os"

	"github.com/spf13/cobra"

	"stoa/internal/stack/broker"
)

// brokerCommand is what `up` starts the embedded broker with: the same program again, so that the broker can die and be
// restarted alone. In a container, where no `up` makes the streams, it makes them itself.
func brokerCommand(place *place) *cobra.Command {
	var components string
	cmd := &cobra.Command{
		Use:    "broker",
		Short:  "Run the embedded broker (started by `stoa up`)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			root, err := place.root()
			if err != nil {
				return err
			}
			if components != "" {
				return broker.RunWithStreams(cmd.Context(), root, components, os.Stdout)
			}
			return broker.Run(cmd.Context(), root, os.Stdout)
		},
	}
	cmd.Flags().StringVar(&components, "components", "", "folder of components whose streams are made")
	return cmd
}
