package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/spf13/cobra"

	"stoa/internal/stack/description"
)

// newRoot returns the command with all its subcommands.
func newRoot() *cobra.Command {
	place := &place{}
	root := &cobra.Command{
		Use:           "stoa",
		Short:         "Run the Stoa shop on this machine",
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.PersistentFlags().StringVar(&place.dir, "dir", "", "folder of dapr.yaml (default: this folder, or the nearest one above it)")
	root.AddCommand(
		upCommand(place),
		downCommand(place),
		statusCommand(place),
		logsCommand(place),
		doctorCommand(place),
		prometheusCommand(place),
		compactCommand(place),
		credentialsCommand(place),
		keysCommand(place),
		seedCommand(place),
		searchCommand(place),
		toolsCommand(place),
		runCommand(place),
		newCommand(place),
		brokerCommand(place),
		initCommand(place),
		clusterSecretsCommand(),
		orderCommand(),
		probeCommand(),
		sidecarCommand(),
	)
	return root
}

// version is the tag or commit from which this program was built.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return info.Main.Version
}

// place is the repository in which a command works.
type place struct {
	dir string
}

// root is the folder of dapr.yaml; all state is in .stoa below it.
func (p *place) root() (string, error) {
	if p.dir != "" {
		return filepath.Abs(p.dir)
	}
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := here; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, description.File)); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New(description.File + " is not in this folder or above it; name its folder with --dir")
		}
	}
}

// run returns a RunE function that passes the root to do.
func (p *place) run(do func(cmd *cobra.Command, root string, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		root, err := p.root()
		if err != nil {
			return err
		}
		return do(cmd, root, args)
	}
}
