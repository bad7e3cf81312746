package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"stoa/internal/scaffold"
)

const report = `Added the service %s. These files are yours; make generate writes all others that changed:

  %s

CONTRIBUTING.md says what is left to you. Start the service and use it:

%s`

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
			_, err = fmt.Fprintf(cmd.OutOrStdout(), report, args[0], strings.Join(added.Files, "\n  "), added.Next)
			return err
		}),
	})
	return cmd
}
