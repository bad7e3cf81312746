package stack

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stoa/internal/stack/secrets"
	"stoa/internal/stack/tools"
	"stoa/pkg/common/must"
)

// diagnosis is all findings of one severity as one text.
func diagnosis(t *testing.T, root string, severity Severity) string {
	t.Helper()
	var text strings.Builder
	for _, f := range Diagnose(t.Context(), root) {
		if f.Severity == severity {
			text.WriteString(f.What + " -> " + f.Advice + "\n")
		}
	}
	return text.String()
}

func TestDiagnose_namesWhatIsWrongAndWhatToDo(t *testing.T) {
	listener := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer listener.Close()
	root := fixture(t)
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	write(t, filepath.Join(root, "dapr.yaml"), "version: 1\napps:\n"+
		"- {appID: worker, appDirPath: ./, appPort: "+port+", command: [bin/worker]}\n")
	write(t, filepath.Join(root, "go.mod"), "module x\n\ngo 1.999\n")
	write(t, secrets.Path(root), "{}")
	must.Do(t, os.Chmod(secrets.Path(root), 0o644))
	problems := diagnosis(t, root, Problem)
	for _, want := range []string{
		"too old; go.mod asks for go1.999 -> install a newer Go",
		"-> make tools",
		"not built: worker, stoa -> make build",
		"port " + port + ", which worker needs, is taken by pid",
		"-> chmod go-rwx",
		"NATS_URL is missing",
	} {
		if !strings.Contains(problems, want) {
			t.Errorf("no %q in:\n%s", want, problems)
		}
	}
}

func TestDiagnose_saysWhyAStartFailed(t *testing.T) {
	s, _ := newFake(t, fixture(t), func(o *Options) {
		o.Env = map[string]string{"FAKE_FAILS": "the disk is full", "FAKE_APP": "worker"}
	})
	if err := s.Start(t.Context()); err == nil {
		t.Fatal("started")
	}
	if problems := diagnosis(t, s.Dir(), Problem); !strings.Contains(problems, "worker cannot start: the disk is full") {
		t.Errorf("the reason is not in:\n%s", problems)
	}
	if notes := diagnosis(t, s.Dir(), Note); !strings.Contains(notes, "worker died: the disk is full") {
		t.Errorf("the process is not in:\n%s", notes)
	}
}

func TestDiagnose_namesComponentsThatTheSidecarDoesNotHave(t *testing.T) {
	program := filepath.Join(t.TempDir(), "daprd")
	must.Do(t, os.WriteFile(program, []byte("#!/bin/sh\necho state.sqlite\n"), 0o755))
	t.Setenv(tools.DaprdVariable, program)
	s, _ := withBase(t, "local")
	if f := checkTypes(s.system.Root, s.resources); f.Severity != Problem || !strings.Contains(f.What, "pubsub.jetstream") ||
		strings.Contains(f.What, "state.sqlite") || !strings.Contains(f.Advice, "components.go") {
		t.Errorf("got %+v", f)
	}
}

// An official sidecar has all components only if it was built with all of them.
func TestDiagnose_doesNotGuessWhichComponentsASidecarHas(t *testing.T) {
	program := filepath.Join(t.TempDir(), "daprd")
	must.Do(t, os.WriteFile(program, []byte("#!/bin/sh\nexit 1\n"), 0o755))
	t.Setenv(tools.DaprdVariable, program)
	s, _ := withBase(t, "local")
	if f := checkTypes(s.system.Root, s.resources); f.Severity != Note || !strings.Contains(f.What, "does not say") {
		t.Errorf("got %+v", f)
	}
}

func TestDiagnose_saysWhetherSettingsCanChange(t *testing.T) {
	for base, want := range map[string]Finding{
		"local":  {Severity: Note, What: "settings cannot change", Advice: "--base server"},
		"server": {Severity: Fine, What: "configuration.redis"},
	} {
		s, _ := withBase(t, base)
		f := checkSettings(s.resources)
		if f.Severity != want.Severity || !strings.Contains(f.What, want.What) || !strings.Contains(f.Advice, want.Advice) {
			t.Errorf("base/%s: got %+v", base, f)
		}
	}
	if notes := diagnosis(t, repository(t).Root, Note); !strings.Contains(notes, "settings cannot change") {
		t.Errorf("nothing about settings in:\n%s", notes)
	}
}

// What somebody asked for, such as a rotation of keys, is no finding. What died is one, whatever the end of its log says.
func TestDiagnose_doesNotNoteRestartsThatWereAskedFor(t *testing.T) {
	for asked, want := range map[int]int{2: 0, 1: 1} {
		record := Record{Processes: []Process{
			{Name: "auth.sidecar", State: StateReady, Restarts: 2, Asked: asked, LastEnd: "out of memory"},
		}}
		notes := 0
		for _, finding := range checkRunning(t.TempDir(), record) {
			if strings.Contains(finding.What, "restarted 1 times") {
				notes++
			}
		}
		if notes != want {
			t.Errorf("%d of 2 restarts were asked for: %d notes, want %d", asked, notes, want)
		}
	}
}
