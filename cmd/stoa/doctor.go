package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"stoa/internal/stack"
)

func doctorCommand(place *place) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Find problems, and say what to do about them",
		Args:  cobra.NoArgs,
		RunE: place.run(func(cmd *cobra.Command, root string, _ []string) error {
			problems := 0
			for _, f := range stack.Diagnose(cmd.Context(), root) {
				fmt.Fprintf(cmd.OutOrStdout(), "%-8s %s\n", f.Severity, f.What)
				if f.Advice != "" {
					fmt.Fprintf(cmd.OutOrStdout(), "%-8s -> %s\n", "", f.Advice)
				}
				if f.Severity == stack.Problem {
					problems++
				}
			}
			if problems > 0 {
				return errors.New("something is wrong, see PROBLEM above")
			}
			return nil
		}),
	}
}
