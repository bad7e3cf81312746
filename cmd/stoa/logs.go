package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"stoa/internal/stack"
)

// followEvery is how often `logs -f` looks for new lines.
const followEvery = 200 * time.Millisecond

func logsCommand(place *place) *cobra.Command {
	var follow bool
	var lines int
	cmd := &cobra.Command{
		Use:   "logs [app or process] ...",
		Short: "Show the logs of all processes, or of the named ones, in order of time",
		RunE: place.run(func(cmd *cobra.Command, root string, names []string) error {
			logs := &mergedLogs{out: cmd.OutOrStdout(), root: root, names: names, files: map[string]*logTail{}}
			if err := logs.print(lines); err != nil {
				return err
			}
			if len(logs.files) == 0 {
				return errors.New("these processes have no logs; `stoa status` shows the names of all processes")
			}
			if !follow {
				return nil
			}
			return logs.follow(cmd.Context())
		}),
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "continue with new lines")
	cmd.Flags().IntVarP(&lines, "lines", "n", 50, "number of last lines of each process")
	return cmd
}

// mergedLogs prints the lines of many files in order of time.
type mergedLogs struct {
	out   io.Writer
	root  string
	names []string // of apps and processes; empty: all
	files map[string]*logTail
}

// entry is a line of a log.
type entry struct {
	process string
	text    string
	time    time.Time
}

// print prints the new lines since the last call: at most limit lines of each file, or all when limit is 0.
func (m *mergedLogs) print(limit int) error {
	paths, err := stack.LogFiles(m.root)
	if err != nil {
		return err
	}
	var entries []entry
	for process, path := range paths {
		if !m.wanted(process) {
			continue
		}
		if m.files[process] == nil {
			m.files[process] = &logTail{process: process, path: path}
		}
		fresh, err := m.files[process].read()
		if err != nil {
			return err
		}
		if limit > 0 {
			fresh = fresh[max(0, len(fresh)-limit):]
		}
		entries = append(entries, fresh...)
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(a.time.Compare(b.time), strings.Compare(a.process, b.process))
	})
	for _, e := range entries {
		if _, err := fmt.Fprintf(m.out, "%-24s | %s\n", e.process, readable(e.text)); err != nil {
			return err
		}
	}
	return nil
}

func (m *mergedLogs) follow(ctx context.Context) error {
	ticks := time.NewTicker(followEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
			if err := m.print(0); err != nil {
				return err
			}
		}
	}
}

// wanted reports whether the log of a process was requested: by the name of the process, of its app, or of the replica whose
// sidecar it is.
func (m *mergedLogs) wanted(process string) bool {
	if len(m.names) == 0 {
		return true
	}
	app := strings.TrimRight(strings.TrimSuffix(process, ".sidecar"), "0123456789")
	return slices.ContainsFunc(m.names, func(name string) bool {
		return name == process || name == strings.TrimSuffix(process, ".sidecar") || name+"-" == app
	})
}

// boilerplate are the fields that the start of a printed line already shows, or that are the same on every line.
var boilerplate = []string{
	"app", "app_id", "instance", "scope", "type", "ver", "time", "level", "message", "msg", "error",
}

// readable formats a line of JSON as time, level, message and the remaining fields, and makes every line harmless.
func readable(text string) string {
	line := stack.ParseLogLine(text)
	if line.Time.IsZero() {
		return harmless(text)
	}
	fields := map[string]any{}
	_ = json.Unmarshal([]byte(text), &fields) // ParseLogLine has found JSON in it
	for _, name := range boilerplate {
		delete(fields, name)
	}
	var rest strings.Builder
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		fmt.Fprintf(&rest, "  %s=%v", name, fields[name])
	}
	level := strings.TrimSuffix(line.Level, "ing") // sidecars write warning, apps write warn
	return harmless(
		fmt.Sprintf("%s %-5s %s%s", line.Time.Local().Format("15:04:05.000"), level, line.Message, rest.String()))
}

// harmless replaces control characters, because logs contain text from untrusted senders.
func harmless(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\t' {
			return unicode.ReplacementChar
		}
		return c
	}, text)
}
