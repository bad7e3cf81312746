package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/spf13/cobra"

	"stoa/internal/stack/description"
)

// newRoot is the table of contents of the command.
func newRoot() *cobra.Command {
	place := &place{}
	root := &cobra.Command{
		Use:           "stoa",
		Short:         "Run the Stoa shop on this machine",
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.PersistentFlags().StringVar(&place.dir, "dir", "", "folder of dapr.yaml (default: found upwards from here)")
	root.AddCommand(
		upCommand(place),
		downCommand(place),
		statusCommand(place),
		logsCommand(place),
		doctorCommand(place),
		credentialsCommand(place),
		keysCommand(place),
		seedCommand(place),
		toolsCommand(place),
		runCommand(place),
		brokerCommand(place),
		initCommand(place),
		probeCommand(),
		sidecarCommand(),
	)
	return root
}

// version is what the Go tool stamped on this program: the tag or the commit that it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return info.Main.Version
}

// place is the repository on which a command works.
type place struct {
	dir string
}

// root is the folder of dapr.yaml; all state lives in .stoa below it.
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
			return "", errors.New("there is no " + description.File + " here or above; name its folder with --dir")
		}
	}
}
