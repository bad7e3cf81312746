package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"stoa/bench/report"
)

// describe writes into a part where, when and of what it was measured.
func (b *bench) describe(p *report.Part) error {
	p.At = time.Now().UTC().Truncate(time.Second)
	if p.Rounds == 0 {
		p.Rounds = b.rounds
	}
	p.Commit = b.commit
	var err error
	if p.Machine, err = machine(); err != nil {
		return err
	}
	known, err := versions()
	maps.Copy(known, p.Versions)
	p.Versions = known
	return err
}

// currentCommit is the commit of the checkout, and whether it has changes.
func currentCommit() (string, error) {
	commit, err := exec.Command("git", "describe", "--always", "--dirty=, with changes", "--exclude=*").Output()
	if err != nil {
		return "", fmt.Errorf("git describe: %w", err)
	}
	return strings.TrimSpace(string(commit)), nil
}

func machine() (report.Machine, error) {
	m := report.Machine{Cores: runtime.NumCPU()}
	cpus, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return m, err
	}
	if model := regexp.MustCompile(`(?m)^model name\s*: (.*)$`).FindSubmatch(cpus); model != nil {
		m.CPU = string(model[1])
	}
	memory, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return m, err
	}
	if total := regexp.MustCompile(`(?m)^MemTotal:\s*(\d+) kB$`).FindSubmatch(memory); total != nil {
		kilobytes, err := strconv.ParseInt(string(total[1]), 10, 64)
		if err != nil {
			return m, err
		}
		m.Memory = kilobytes << 10
	}
	var kernel unix.Utsname
	if err := unix.Uname(&kernel); err != nil {
		return m, err
	}
	m.Kernel = unix.ByteSliceToString(kernel.Sysname[:]) + " " + unix.ByteSliceToString(kernel.Release[:])
	return m, nil
}

// pinned are the modules whose versions tell what was measured, by the file that pins them.
var pinned = map[string]map[string]string{
	"tools/dapr/go.mod": {"Dapr": "github.com/dapr/dapr"},
	"go.mod":            {"NATS": "github.com/nats-io/nats-server/v2", "SQLite": "modernc.org/sqlite"},
}

// versions are those of Go, of Dapr and of what the default components run on.
func versions() (map[string]string, error) {
	known := map[string]string{"Go": strings.TrimPrefix(runtime.Version(), "go")}
	for file, modules := range pinned {
		text, err := os.ReadFile(file)
		if err != nil {
			return known, err
		}
		for name, module := range modules {
			version := regexp.MustCompile(`(?m)^\s*` + regexp.QuoteMeta(module) + ` v(\S+)`).FindSubmatch(text)
			if version == nil {
				return known, fmt.Errorf("%s does not require %s", file, module)
			}
			known[name] = string(version[1])
		}
	}
	return known, nil
}
