package main

import (
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"stoa/internal/stack/state"
	"stoa/internal/stack/tools"
)

func compactCommand(place *place) *cobra.Command {
	return &cobra.Command{
		Use:   "compact",
		Short: "Rewrite the SQLite databases, without what was deleted",
		Args:  cobra.NoArgs,
		Long: "Rewrites the SQLite databases in .stoa/data, so that no byte of what was deleted is left in their files. The system may\n" +
			"run. While a database is rewritten, nothing can be written to it: for some seconds if it is large. Requests that write\n" +
			"wait for up to two seconds, then they fail with 503 and can be repeated. Events are tried again until it is over.",
		RunE: place.run(func(cmd *cobra.Command, root string, _ []string) error {
			daprd, err := tools.FindDaprd(root)
			if err != nil {
				return err
			}
			files, err := filepath.Glob(state.Path(root, "data", "*.db"))
			if err != nil || len(files) == 0 {
				return err
			}
			compact := exec.CommandContext(cmd.Context(), daprd, append([]string{"compact"}, files...)...)
			compact.Stdout, compact.Stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
			return compact.Run()
		}),
	}
}
