package conformance

import (
	"debug/buildinfo"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"stoa/internal/stack/tools"
	"stoa/test/conformance/report"
)

var recorder struct {
	sync.Mutex
	measured report.Report
}

// record keeps a result, and brings the report up to date, so that a run that is cut short has not run in vain.
func record(results ...report.Result) {
	recorder.Lock()
	defer recorder.Unlock()
	recorder.measured.Results = append(recorder.measured.Results, results...)
	if *reportFile == "" {
		return
	}
	if err := save(); err != nil {
		fmt.Fprintln(os.Stderr, "the report cannot be written:", err)
	}
}

// took records that a program takes part.
func took(name, version, standIn string) {
	recorder.Lock()
	defer recorder.Unlock()
	recorder.measured.Programs = append(recorder.measured.Programs,
		report.Program{Name: name, Version: version, StandIn: standIn, At: time.Now().UTC().Truncate(time.Second)})
}

// save takes turns with other runs: several may measure different backends at once.
func save() error {
	folder, err := os.Open(filepath.Dir(*reportFile))
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	earlier, err := report.Read(*reportFile)
	if err != nil {
		return err
	}
	run := recorder.measured
	run.Machine = fmt.Sprintf("%s/%s with %d cores", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	run.Buses, run.Stores, run.Checks = buses, stores, allChecks()
	run.Further = []string{report.Pair(buses[0], mixed)}
	return earlier.Merge(run).Write(*reportFile)
}

func allChecks() []report.Check {
	var all []report.Check
	all = describe(all, report.Stores, storeChecks)
	all = describe(all, report.Buses, busChecks)
	all = describe(all, report.Buses, furtherBusChecks)
	all = describe(all, report.Buses, awayChecks)
	return describe(all, report.Pairs, flowChecks)
}

func describe[R subject](all []report.Check, scope string, checks []check[R]) []report.Check {
	for _, c := range checks {
		all = append(all, report.Check{Scope: scope, Name: c.name, Title: c.title})
	}
	return all
}

// tookEmbedded records the programs that are linked into our own: the sidecar with its components, SQLite and NATS.
func tookEmbedded() error {
	daprd, err := tools.FindDaprd("../..")
	if err != nil {
		return err
	}
	sidecar, err := buildinfo.ReadFile(daprd)
	if err != nil {
		return err
	}
	own, err := buildinfo.ReadFile("../../bin/stoa")
	if err != nil {
		return err
	}
	for _, program := range []struct {
		name, module string
		from         *debug.BuildInfo
	}{
		{"Dapr", "github.com/dapr/dapr", sidecar},
		{"Dapr's components", "github.com/dapr/components-contrib", sidecar},
		{"SQLite, in the sidecar", "modernc.org/sqlite", sidecar},
		{"NATS, embedded", "github.com/nats-io/nats-server/v2", own},
	} {
		for _, module := range append(program.from.Deps, &program.from.Main) {
			if module.Path == program.module {
				took(program.name, module.Path+" "+strings.TrimPrefix(module.Version, "v"), "")
			}
		}
	}
	return nil
}
