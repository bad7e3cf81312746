package main

import (
	"github.com/spf13/cobra"

	"stoa/internal/stack"
)

func toolsCommand(place *place) *cobra.Command {
	return &cobra.Command{
		Use:   "tools",
		Short: "Build the Dapr sidecar unless a suitable one is installed",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			root, err := place.root()
			if err != nil {
				return err
			}
			_, err = stack.InstallDaprd(cmd.Context(), root, cmd.OutOrStdout())
			return err
		},
	}
}
