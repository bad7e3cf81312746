package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"stoa/internal/stack"
	"stoa/internal/stack/secrets"
)

// The commands of this file are what containers run beside the apps: docker-compose.yml shows how. There is no shell in
// them, and nothing that supervises the whole.

// secretPrefix marks variables that `stoa init` writes among the secrets, without the prefix. A $NAME in the value is
// replaced by that variable, so that a password stands in one file only.
const secretPrefix = "STOA_SECRET_"

func givenSecrets(environment []string) map[string]string {
	given := map[string]string{}
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		if secret, ok := strings.CutPrefix(name, secretPrefix); ok {
			given[secret] = os.ExpandEnv(value)
		}
	}
	return given
}

func initCommand(place *place) *cobra.Command {
	var broker string
	cmd := &cobra.Command{
		Use:    "init",
		Short:  "Make the secrets of a first start, unless they are there",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			root, err := place.root()
			if err != nil {
				return err
			}
			return secrets.Init(root, broker, givenSecrets(os.Environ()))
		},
	}
	cmd.Flags().StringVar(&broker, "broker", "", "host:port of the embedded broker")
	_ = cmd.MarkFlagRequired("broker")
	return cmd
}

func probeCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "probe URL",
		Short:  "Succeed if http://... answers with a 2xx status, or tcp://... takes a connection",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return stack.Probe(cmd.Context(), args[0])
		},
	}
}

func sidecarCommand() *cobra.Command {
	var broker string
	cmd := &cobra.Command{
		Use:    "sidecar --broker HOST:PORT -- COMMAND...",
		Short:  "Run a sidecar, and end it when the broker is back after an outage that its client did not survive",
		Hidden: true,
		Args:   cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return stack.RunSidecar(cmd.Context(), broker, args)
		},
	}
	cmd.Flags().StringVar(&broker, "broker", "", "host:port of the embedded broker")
	_ = cmd.MarkFlagRequired("broker")
	return cmd
}
