package main

import (
	"os"

	"github.com/spf13/cobra"

	"stoa/internal/stack/broker"
)

// brokerCommand runs the embedded broker in its own process, so that it can restart alone. `stoa up` creates the streams of
// the broker that it starts; in a container, the flag --components makes the broker create them.
func brokerCommand(place *place) *cobra.Command {
	var settings broker.Settings
	cmd := &cobra.Command{
		Use:    "broker",
		Short:  "Run the embedded broker (started by `stoa up`)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: place.run(func(cmd *cobra.Command, root string, _ []string) error {
			return broker.Run(cmd.Context(), root, settings, os.Stdout)
		}),
	}
	cmd.Flags().StringVar(&settings.Components, "components", "", "create the streams of the components in this folder")
	cmd.Flags().StringVar(&settings.Listen, "listen", "", "listen on this address instead of the one in NATS_URL")
	cmd.Flags().IntVar(&settings.Monitor, "monitor", 0, "a port for the server's own monitoring")
	return cmd
}
