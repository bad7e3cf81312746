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
	"strings"
	"syscall"
)

// lowDisk is the free space below which a start is likely to end in trouble: the broker refuses to store more.
const lowDisk = 1 << 30

// Severity says how much a finding matters.
type Severity string

// The severities of findings.
const (
	Fine    Severity = "ok"
	Note    Severity = "note"    // worth knowing; everything works
	Problem Severity = "PROBLEM" // something does not work, or will not
)

// Finding is one thing that the doctor looked at.
type Finding struct {
	Severity Severity
	What     string
	Advice   string // what to do; empty when there is nothing to do
}

func fine(format string, args ...any) Finding {
	return Finding{Severity: Fine, What: fmt.Sprintf(format, args...)}
}

func problem(advice, format string, args ...any) Finding {
	return Finding{Severity: Problem, What: fmt.Sprintf(format, args...), Advice: advice}
}

// Diagnose looks for what is missing or in the way of a system whose dapr.yaml is in root.
func Diagnose(ctx context.Context, root string) []Finding {
	findings := []Finding{checkGo(ctx, root), checkDaprd(root), checkDisk(root)}
	desc, err := Load(root)
	if err != nil {
		return append(findings, problem("mend it", "%v", err))
	}
	findings = append(findings, checkComponents(root, desc)...)
	findings = append(findings, checkBinaries(desc))
	findings = append(findings, checkState(root)...)
	if !Running(root) {
		findings = append(findings, checkPorts(desc)...)
	}
	return append(findings, checkProcesses(root)...)
}

func checkGo(ctx context.Context, root string) Finding {
	command := exec.CommandContext(ctx, "go", "env", "GOVERSION")
	// Outside of the module and without a download of another version: the question is what is installed.
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
	path, err := FindDaprd(root)
	if err != nil {
		return problem("make tools", "there is no sidecar that serves")
	}
	return fine("sidecar: daprd %s (%s)", reportedVersion(path), path)
}

func checkDisk(root string) Finding {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(root, &disk); err != nil {
		return problem("look at the disk", "the free space cannot be read: %v", err)
	}
	free := disk.Bavail * uint64(disk.Bsize)
	if free < lowDisk {
		return problem("make room", "only %d MB of disk are free", free>>20)
	}
	return fine("disk: %d GB free", free>>30)
}

func checkComponents(root string, desc *Description) []Finding {
	s := &Stack{}
	err := s.chooseApps(desc)
	if err == nil {
		err = s.loadResources()
	}
	if err != nil {
		return []Finding{problem("mend it", "%v", err)}
	}
	findings := []Finding{fine("%s: %d apps, %d components and policies", DescriptionFile, len(s.apps), len(s.resources))}
	// What runs may have been started with other folders than those of dapr.yaml.
	if record, err := ReadRecord(root); err == nil && Running(root) {
		if running, err := LoadResources(record.Folders...); err == nil {
			s.resources = running
		}
	}
	return append(findings, checkLive(s.resources))
}

func checkBinaries(desc *Description) Finding {
	missing := []string{}
	for _, program := range append(desc.programs(), filepath.Join(desc.Root, "bin", "stoa")) {
		if _, err := os.Stat(program); err != nil {
			missing = append(missing, filepath.Base(program))
		}
	}
	if len(missing) > 0 {
		return problem("make build", "not built: %s", strings.Join(missing, ", "))
	}
	return fine("all programs are built")
}

func checkPorts(desc *Description) []Finding {
	specs := []spec{{name: KindBroker, listens: []int{brokerPort(desc.Root)}}}
	for _, app := range desc.Apps {
		for _, port := range app.Ports {
			if port != 0 {
				specs = append(specs, spec{name: app.ID, listens: []int{port}})
			}
		}
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

// brokerPort is the port of NATS_URL, or what it will be.
func brokerPort(dir string) int {
	secrets, err := readSecrets(dir)
	if err != nil {
		return DefaultBrokerPort
	}
	address, err := brokerAddress(secrets)
	if err != nil {
		return DefaultBrokerPort
	}
	port, _ := parsePort(address.Port())
	return port
}

// checkState looks at the secrets and at who may read them.
func checkState(dir string) []Finding {
	state := filepath.Join(dir, StateFolder)
	if _, err := os.Stat(state); errors.Is(err, fs.ErrNotExist) {
		return []Finding{fine("no state yet: the first start makes it")}
	}
	var findings []Finding
	for _, path := range []string{state, secretsFile(dir), filepath.Join(state, "tokens.json")} {
		info, err := os.Stat(path)
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			findings = append(findings, problem("chmod go-rwx "+shortPath(path), "others can read %s", shortPath(path)))
		}
	}
	if _, err := readSecrets(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		findings = append(findings, problem("", "%v", err))
	}
	if len(findings) == 0 {
		findings = append(findings, fine("state in %s is readable by its owner alone", shortPath(state)))
	}
	return findings
}

// checkProcesses looks at what runs, or at what the last run left behind.
func checkProcesses(dir string) []Finding {
	record, err := ReadRecord(dir)
	if err != nil {
		return []Finding{problem("", "%v", err)}
	}
	if Running(dir) {
		return append([]Finding{fine("running, %s", record.Phase)}, checkRunning(dir, record)...)
	}
	if left := record.LeftOvers(); len(left) > 0 {
		return []Finding{problem("bin/stoa down", "%d processes of an earlier run are left, first %s, pid %d",
			len(left), left[0].Name, left[0].PID)}
	}
	switch record.Phase {
	case PhaseFailed:
		findings := []Finding{problem("mend that, then start again", "the last start failed: %s", record.Error)}
		return append(findings, checkDead(dir, record)...)
	case PhaseStopped:
		return []Finding{fine("stopped")}
	}
	what := fmt.Sprintf("the last supervisor was killed; the system was %s", record.Phase)
	return []Finding{{Note, what, "nothing: the next start cleans up"}}
}

// checkDead says of each process that died in a failed start why it did.
func checkDead(dir string, record Record) []Finding {
	var findings []Finding
	for _, p := range record.Processes {
		if p.LastEnd != "" {
			findings = append(findings, Finding{Note, p.Name + " died: " + p.LastEnd, "see " + shortPath(LogFile(dir, p.Name))})
		}
	}
	return findings
}

// checkCertificates says by what sidecars know each other.
func checkCertificates(record Record) Finding {
	if record.MTLS() {
		return fine("sidecars know each other by certificates; components/config/access says who may call what")
	}
	return Finding{
		Note, "sidecars take calls of each other, and of every program on this machine, without certificates",
		"where others have programs on this machine, start with `stoa up --mtls`",
	}
}

func checkRunning(dir string, record Record) []Finding {
	findings := []Finding{checkCertificates(record)}
	for _, p := range record.Processes {
		log := shortPath(LogFile(dir, p.Name))
		switch {
		case p.State != StateReady:
			findings = append(findings, problem("look at "+log, "%s is %s: %s", p.Name, p.State, p.Problem))
		case p.Restarts > 0:
			what := fmt.Sprintf("%s was restarted %d times, the last time after: %s", p.Name, p.Restarts, p.LastEnd)
			findings = append(findings, Finding{Note, what, "see " + log})
		}
	}
	return findings
}
