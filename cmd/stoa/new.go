package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"stoa/internal/scaffold"
)

func newCommand(place *place) *cobra.Command {
	cmd := &cobra.Command{Use: "new", Short: "Add to the repository"}
	cmd.AddCommand(&cobra.Command{
		Use:     "service NAME",
		Short:   "Add a service: its code, its tests, its entries, and what is generated from them",
		Example: "  stoa new service gift-card",
		Args:    cobra.ExactArgs(1),
		RunE: place.run(func(cmd *cobra.Command, root string, args []string) error {
			added, err := scaffold.Add(cmd.Context(), root, args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Added the service %s. These files are yours; make generate writes the others that changed:\n\n  %s\n\nNext:\n\n%s",
				args[0], strings.Join(added.Files, "\n  "), added.Next)
			return nil
		}),
	})
	return cmd
}
