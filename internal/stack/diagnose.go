package stack

import (
	"context"
	"errors"
	"fmt"
	"go/version"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
	"stoa/internal/stack/state"
	"stoa/internal/stack/tools"
)

// lowDisk is the free disk space below which the broker may refuse to store events.
const lowDisk = 1 << 30

// Severity says how much a finding matters.
type Severity string

// The severities of findings.
const (
	Fine    Severity = "ok"
	Note    Severity = "note"    // worth knowing; everything works
	Problem Severity = "PROBLEM" // something does not work
)

// Finding is the result of one check.
type Finding struct {
	Severity Severity
	What     string
	Advice   string // what to do; may be empty
}

func fine(format string, args ...any) Finding {
	return Finding{Severity: Fine, What: fmt.Sprintf(format, args...)}
}

func problem(advice, format string, args ...any) Finding {
	return Finding{Severity: Problem, What: fmt.Sprintf(format, args...), Advice: advice}
}

// Diagnose checks the system whose dapr.yaml is in root, and what it needs.
func Diagnose(ctx context.Context, root string) []Finding {
	findings := []Finding{checkGo(ctx, root), checkDaprd(root), checkDisk(root)}
	system, err := description.Load(root)
	if err != nil {
		return append(findings, problem("correct it", "%v", err))
	}
	findings = append(findings, checkComponents(root, system)...)
	findings = append(findings, checkBinaries(system))
	findings = append(findings, checkState(root)...)
	if !Running(root) {
		findings = append(findings, checkPorts(system)...)
	}
	return append(findings, checkProcesses(root)...)
}

func checkGo(ctx context.Context, root string) Finding {
	command := exec.CommandContext(ctx, "go", "env", "GOVERSION")
	// Inside the module, the go command could download and report the version that go.mod asks for.
	command.Dir, command.Env = os.TempDir(), append(os.Environ(), "GOTOOLCHAIN=local")
	out, err := command.Output()
	if err != nil {
		return problem("install Go from https://go.dev/dl", "the go command does not run: %v", err)
	}
	have, want := strings.TrimSpace(string(out)), ""
	module, _ := os.ReadFile(filepath.Join(root, "go.mod"))
	for line := range strings.Lines(string(module)) {
		if number, found := strings.CutPrefix(line, "go "); found {
			want = "go" + strings.TrimSpace(number)
		}
	}
	if version.Compare(have, want) < 0 {
		return problem("install a newer Go from https://go.dev/dl", "%s is too old; go.mod asks for %s", have, want)
	}
	return fine("%s", have)
}

func checkDaprd(root string) Finding {
	path, err := tools.FindDaprd(root)
	if err != nil {
		return problem("make tools", "no suitable sidecar is installed")
	}
	return fine("sidecar: daprd %s (%s)", tools.ReportedVersion(path), path)
}

func checkDisk(root string) Finding {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(root, &disk); err != nil {
		return problem("check the disk", "the free disk space cannot be read: %v", err)
	}
	free := disk.Bavail * uint64(disk.Bsize)
	if free < lowDisk {
		return problem("free some disk space", "only %d MB of disk space are free", free>>20)
	}
	return fine("disk: %d GB free", free>>30)
}

func checkComponents(root string, system *description.System) []Finding {
	resources, err := loadResources(system, false)
	if err != nil {
		return []Finding{problem("correct it", "%v", err)}
	}
	findings := []Finding{fine("%s: %d apps, %d components and policies", description.File, len(system.Apps), len(resources))}
	// The running system may use other folders than those of dapr.yaml.
	if record, err := ReadRecord(root); err == nil && Running(root) {
		if running, err := description.LoadResources(record.Folders...); err == nil {
			resources = running
		}
	}
	return append(findings, checkTypes(root, resources), checkSettings(resources))
}

// checkTypes says whether the sidecar has all components that the YAML names.
func checkTypes(root string, resources []description.Resource) Finding {
	path, err := tools.FindDaprd(root)
	if err != nil {
		return Finding{Note, "which components the sidecar has is not known", "make tools"}
	}
	known, all := tools.Components(path)
	switch {
	case all:
		return fine("the sidecar is an official one, with all components")
	case len(known) == 0:
		return Finding{
			Note, "the sidecar does not say which components it has: " + path,
			"if it refuses to start, `make tools` builds one that has all that is named, unless " + tools.DaprdVariable + " is set",
		}
	}
	var missing []string
	for _, r := range resources {
		if r.Kind == "Component" && !slices.Contains(known, r.Spec.Type) {
			missing = append(missing, r.Spec.Type)
		}
	}
	if missing = slices.Compact(slices.Sorted(slices.Values(missing))); len(missing) > 0 {
		return problem("add it to tools/dapr/daprd/components.go and run `make tools`, as components/README.md says, or let STOA_DAPRD name an official sidecar",
			"the sidecar has no component of the type %s", strings.Join(missing, ", "))
	}
	return fine("the sidecar has all components that are named")
}

// checkSettings says whether settings can change while the system runs.
func checkSettings(resources []description.Resource) Finding {
	for _, r := range resources {
		if r.Kind == "Component" && r.Name() == "configuration" {
			return fine("settings can change without a restart: %s, %s", r.Spec.Type, state.ShortPath(r.File))
		}
	}
	return Finding{
		Note, "settings cannot change without a restart: the chosen base has no component `configuration`",
		"to change settings while the system runs, start it with --base server; see components/README.md",
	}
}

func checkBinaries(system *description.System) Finding {
	var programs, missing []string
	for _, app := range system.Apps {
		if program := app.Program(); program != "" {
			programs = append(programs, program)
		}
	}
	for _, program := range append(programs, filepath.Join(system.Root, "bin", "stoa")) {
		if _, err := os.Stat(program); err != nil {
			missing = append(missing, filepath.Base(program))
		}
	}
	if len(missing) > 0 {
		return problem("make build", "not built: %s", strings.Join(missing, ", "))
	}
	return fine("all programs are built")
}

func checkPorts(system *description.System) []Finding {
	specs := []spec{{name: KindBroker, ports: map[string]int{description.PortBroker: brokerPort(system.Root)}}}
	for _, app := range system.Apps {
		specs = append(specs, spec{name: app.ID, ports: app.Ports})
	}
	var findings []Finding
	for _, taken := range takenPorts(specs) {
		findings = append(findings, problem("", "%v", taken))
	}
	if len(findings) == 0 {
		findings = append(findings, fine("all ports are free"))
	}
	return findings
}

// brokerPort is the port in NATS_URL, or its default before the first start.
func brokerPort(dir string) int {
	if values, err := secrets.Read(dir); err == nil {
		if _, port, err := values.Broker(); err == nil {
			return port
		}
	}
	return secrets.DefaultBrokerPort
}

// checkState checks that the secrets are valid, and that other users cannot read the state.
func checkState(dir string) []Finding {
	folder := state.Path(dir)
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return []Finding{fine("there is no state yet; the first start makes it")}
	}
	var findings []Finding
	for _, path := range []string{folder, secrets.Path(dir), secrets.TokensPath(dir)} {
		info, err := os.Stat(path)
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			findings = append(findings, problem("chmod go-rwx "+state.ShortPath(path), "other users can read %s", state.ShortPath(path)))
		}
	}
	if _, err := secrets.Read(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		findings = append(findings, problem("", "%v", err))
	}
	if len(findings) == 0 {
		findings = append(findings, fine("only its owner can read the state in %s", state.ShortPath(folder)))
	}
	return findings
}

// checkProcesses checks the running processes, or those of the last run.
func checkProcesses(dir string) []Finding {
	record, err := ReadRecord(dir)
	if err != nil {
		return []Finding{problem("", "%v", err)}
	}
	if Running(dir) {
		return append([]Finding{fine("running, %s", record.Phase)}, checkRunning(dir, record)...)
	}
	if left := record.LeftOvers(); len(left) > 0 {
		return []Finding{problem("bin/stoa down", "%d processes of an earlier run are still running, for example %s, pid %d",
			len(left), left[0].Name, left[0].PID)}
	}
	switch record.Phase {
	case PhaseFailed:
		findings := []Finding{problem("correct that, then start again", "the last start failed: %s", record.Error)}
		return append(findings, checkDead(dir, record)...)
	case PhaseStopped:
		return []Finding{fine("stopped")}
	}
	what := fmt.Sprintf("the last supervisor was killed; the system was %s", record.Phase)
	return []Finding{{Note, what, "nothing to do: the next start cleans up"}}
}

// checkDead says why processes died in a failed start.
func checkDead(dir string, record Record) []Finding {
	var findings []Finding
	for _, p := range record.Processes {
		if p.LastEnd != "" {
			findings = append(findings, Finding{Note, p.Name + " died: " + p.LastEnd, "see " + state.ShortPath(LogFile(dir, p.Name))})
		}
	}
	return findings
}

// checkCertificates says whether sidecars use certificates.
func checkCertificates(record Record) Finding {
	if record.MTLS() {
		return fine("sidecars identify each other by certificates; components/config/access says who may call what")
	}
	return Finding{
		Note, "sidecars accept calls from each other, and from every program on this machine, without certificates",
		"if other people run programs on this machine, start with `stoa up --mtls`",
	}
}

func checkRunning(dir string, record Record) []Finding {
	findings := []Finding{checkCertificates(record)}
	for _, p := range record.Processes {
		log := state.ShortPath(LogFile(dir, p.Name))
		switch {
		case p.State != StateReady:
			findings = append(findings, problem("see "+log, "%s is %s: %s", p.Name, p.State, p.Problem))
		case p.Restarts > p.Asked:
			what := fmt.Sprintf("%s died and was restarted %d times, the last time after: %s", p.Name, p.Restarts-p.Asked, p.LastEnd)
			findings = append(findings, Finding{Note, what, "see " + log})
		}
	}
	return findings
}
