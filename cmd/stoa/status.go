package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"stoa/internal/stack"
)

func statusCommand(place *place) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show every process: state, pid, restarts, ports, uptime, memory",
		Args:  cobra.NoArgs,
		RunE: place.run(func(cmd *cobra.Command, root string, _ []string) error {
			record, err := currentRecord(root)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), record)
			}
			return showStatus(cmd.OutOrStdout(), record)
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// currentRecord is the record, corrected if its supervisor was killed and could not update it.
func currentRecord(root string) (stack.Record, error) {
	record, err := stack.ReadRecord(root)
	if err != nil || stack.Running(root) {
		return record, err
	}
	if record.Phase != stack.PhaseFailed {
		record.Phase = stack.PhaseStopped
	}
	record.Processes = record.LeftOvers()
	return record, nil
}

func showStatus(out io.Writer, record stack.Record) error {
	fmt.Fprintf(out, "Stoa is %s.\n", phaseText(record))
	if len(record.Processes) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PROCESS\tSTATE\tPID\tRESTARTS\tPORTS\tUP\tMEMORY\tPROBLEM")
	var total int64
	for _, p := range record.Processes {
		total += p.Memory
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n",
			p.Name, p.State, dash(p.PID), p.Restarts, ports(p.Ports), uptime(p), megabytes(p.Memory), p.Problem)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d processes use %s of memory, most of it shared by the sidecars; gateway: %s\n",
		len(record.Processes), megabytes(total), record.Gateway)
	if record.MTLS() {
		fmt.Fprintln(out, "The sidecars identify each other by certificates (mTLS).")
	}
	return nil
}

func phaseText(record stack.Record) string {
	switch {
	case record.Phase == stack.PhaseFailed:
		return "stopped; the last start failed: " + record.Error
	case record.Phase == stack.PhaseStopped && len(record.Processes) > 0:
		return "stopped, but processes of an earlier run are still running; `stoa down` ends them"
	}
	return string(record.Phase)
}

func ports(byRole map[string]int) string {
	var texts []string
	for _, role := range slices.Sorted(maps.Keys(byRole)) {
		texts = append(texts, fmt.Sprintf("%s:%d", role, byRole[role]))
	}
	return strings.Join(texts, " ")
}

func uptime(p stack.Process) string {
	if p.PID == 0 {
		return "-"
	}
	return time.Since(p.Started).Round(time.Second).String()
}

func megabytes(bytes int64) string {
	if bytes == 0 {
		return "-"
	}
	return fmt.Sprintf("%d MB", bytes>>20)
}

func dash(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

func writeJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
