package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"stoa/internal/stack"
	"stoa/internal/stack/secrets"
)

// Containers run the commands of this file (see docker-compose.yml), because they have neither a shell nor a supervisor.

// secretPrefix is the prefix of the variables that `stoa init` stores as secrets, under the rest of their name. $NAME in a
// value is replaced by that variable, so that each password is in one file only.
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
		Short:  "Make the secrets of a first start, unless they exist",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: place.run(func(_ *cobra.Command, root string, _ []string) error {
			return secrets.Init(root, broker, givenSecrets(os.Environ()))
		}),
	}
	cmd.Flags().StringVar(&broker, "broker", "", "host:port of the embedded broker")
	_ = cmd.MarkFlagRequired("broker")
	return cmd
}

func probeCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "probe URL",
		Short:  "Succeed if http://... answers with a 2xx status, or tcp://... accepts a connection",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return stack.Probe(cmd.Context(), args[0])
		},
	}
}

// brokerVariable has the address of the broker that a sidecar depends on, where an image begins with `stoa sidecar`.
const brokerVariable = "STOA_BROKER"

func sidecarCommand() *cobra.Command {
	var broker string
	cmd := &cobra.Command{
		Use:    "sidecar [--broker HOST:PORT] -- COMMAND...",
		Short:  "Run a sidecar: start it when the broker answers, and end it when that answers again after a long outage",
		Hidden: true,
		Args:   cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return stack.RunSidecar(cmd.Context(), broker, args)
		},
	}
	cmd.Flags().StringVar(&broker, "broker", os.Getenv(brokerVariable), "host:port of the embedded broker")
	return cmd
}
