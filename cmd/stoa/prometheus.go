package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"stoa/internal/monitoring"
)

func prometheusCommand(place *place) *cobra.Command {
	var every time.Duration
	cmd := &cobra.Command{
		Use:   "prometheus",
		Short: "Print the configuration of a Prometheus that watches the running system",
		Long: `Print the configuration of a Prometheus on this machine that watches the running system, with the alerts of
deploy/observability. It names every process that runs now; print it again after a start with other replicas, whose ports are free ones.`,
		Args: cobra.NoArgs,
		RunE: place.run(func(cmd *cobra.Command, root string, _ []string) error {
			record, err := currentRecord(root)
			if err != nil {
				return err
			}
			if len(record.Processes) == 0 {
				return errors.New("no process runs; start the system by `stoa up -d`")
			}
			text, err := monitoring.Configuration(root, every, record.Processes)
			if err == nil {
				_, err = cmd.OutOrStdout().Write(text)
			}
			return err
		}),
	}
	cmd.Flags().DurationVar(&every, "every", 15*time.Second, "how often Prometheus scrapes, and evaluates the alerts")
	return cmd
}
