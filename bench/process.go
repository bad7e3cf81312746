package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
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

// calls counts what apps have asked of their sidecars and what sidecars have delivered, by app and kind of call.
type calls map[string]map[string]float64

// counters are the metrics of a sidecar that count its calls, by what results call them. Reads and saves are metrics of the
// components, because the API's own do not tell the calls of all protocols apart.
var counters = map[string]string{
	"dapr_component_state_count":                     "state",
	"dapr_component_pubsub_egress_count":             "publish",
	"dapr_component_pubsub_ingress_count":            "deliver",
	"dapr_component_output_binding_count":            "binding",
	"dapr_runtime_service_invocation_req_sent_total": "invoke",
}

// calls reads the metrics of all sidecars.
func (s *system) calls() (calls, error) {
	counted := calls{}
	for _, p := range s.record.Processes {
		port := p.Ports[description.PortMetrics]
		if port == 0 {
			continue
		}
		answer, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", port))
		if err != nil {
			return nil, err
		}
		counted[p.App] = map[string]float64{}
		lines := bufio.NewScanner(answer.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			kind, n := count(lines.Text())
			if kind != "" {
				counted[p.App][kind] += n
			}
		}
		answer.Body.Close()
		if err := lines.Err(); err != nil {
			return nil, err
		}
	}
	return counted, nil
}

// count reads one line of metrics, such as `name{label="x"} 3`.
func count(line string) (kind string, n float64) {
	name, rest, _ := strings.Cut(line, "{")
	kind = counters[name]
	labels, value, found := strings.Cut(rest, "} ")
	if kind == "" || !found {
		return "", 0
	}
	if kind == "state" {
		kind = label(labels, "operation")
	}
	n, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return "", 0
	}
	return kind, n
}

func label(labels, name string) string {
	_, rest, _ := strings.Cut(labels, name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// mails is how many mails the system has sent, which base/local writes as files.
func (s *system) mails() (int, error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, ".stoa", "mail"))
	return len(entries), err
}
