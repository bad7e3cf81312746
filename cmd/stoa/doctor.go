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
		Short: "Say what is missing or in the way, and what to do about it",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			root, err := place.root()
			if err != nil {
				return err
			}
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
		},
	}
}
