package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"stoa/internal/sidecarmetrics"
	"stoa/internal/stack"
)

// tick is the unit in which Linux counts CPU time for programs (USER_HZ).
const tick = 10 * time.Millisecond

// usage is the CPU time that each process of a system has used, by name.
type usage map[string]time.Duration

// cpu reads the CPU time of every process, the supervisor included.
func (s *system) cpu() (usage, error) {
	used := usage{}
	for _, p := range append(s.record.Processes, s.record.Supervisor) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		// The name is in brackets and may contain spaces; utime and stime are the 12th and 13th field after it.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		for _, field := range fields[11:13] {
			ticks, err := strconv.Atoi(field)
			if err != nil {
				return nil, err
			}
			used[nameOf(p)] += time.Duration(ticks) * tick
		}
	}
	return used, nil
}

// nameOf is how results call a process.
func nameOf(p stack.Process) string {
	if p.Name == "" {
		return "supervisor"
	}
	return p.Name
}

// since is what was used after an earlier reading.
func (u usage) since(earlier usage) usage {
	spent := usage{}
	for name, t := range u {
		spent[name] = t - earlier[name]
	}
	return spent
}

func (u usage) sum() (all time.Duration) {
	for _, t := range u {
		all += t
	}
	return all
}

// memory is the proportional set size (PSS) of each process in bytes: shared pages count in parts.
func (s *system) memory() (map[string]int64, error) {
	sizes := map[string]int64{}
	for _, p := range append(s.record.Processes, s.record.Supervisor) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p.PID))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		for line := range strings.Lines(string(text)) {
			if fields := strings.Fields(line); fields[0] == "Pss:" {
				kilobytes, err := strconv.ParseInt(fields[1], 10, 64)
				if err != nil {
					return nil, err
				}
				sizes[nameOf(p)] = kilobytes << 10
			}
		}
	}
	return sizes, nil
}

// calls reads how many calls the apps and their sidecars have made.
func (s *system) calls(ctx context.Context) (sidecarmetrics.Calls, error) {
	return sidecarmetrics.Read(ctx, s.record.Processes)
}

// mails is how many mails the system has sent, which base/local writes as files.
func (s *system) mails() (int, error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, ".stoa", "mail"))
	return len(entries), err
}
