package tools

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/must"
)

// A newcomer who waits for minutes sees what happens, and how much of it is done.
func TestProgress_saysHowFarItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &strings.Builder{}
		p := NewProgress(out)
		p.modules, p.packages = map[string]bool{"a v1": true, "b v2": true}, map[string]bool{"a": true, "a/x": true, "b": true}
		p.add(1)
		for _, line := range []string{"go: downloading a v1", "a/x", "a/x"} {
			if !p.count(line) {
				t.Errorf("%q was not counted", line)
			}
		}
		if p.count("a/x/main.go:7:2: undefined: y") {
			t.Error("an error was counted")
		}
		time.Sleep(reportEvery + time.Millisecond)
		synctest.Wait()
		p.Stop()
		if want := "  0:10  downloads: 1 of up to 2; compiled packages: 1 of up to 3\n"; out.String() != want {
			t.Errorf("got %q, want %q", out, want)
		}
	})
}

func TestProgress_isSilentWhileNothingRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &strings.Builder{}
		p := NewProgress(out)
		time.Sleep(time.Hour)
		synctest.Wait()
		p.Stop()
		if out.Len() > 0 {
			t.Errorf("got %q", out)
		}
	})
}

// A module is expected if go.mod requires it, directly or not.
func TestProgress_expectsTheModulesOfGoMod(t *testing.T) {
	p := NewProgress(&strings.Builder{})
	defer p.Stop()
	module := t.TempDir()
	write(t, filepath.Join(module, "go.mod"), "module x\n\ngo 1.26\n\nrequire (\n\ta.example/b v1.2.3\n)\n\nrequire (\n\tc.example/d/v2 v2.0.0 // indirect\n)\n")
	must.Do(t, p.expectModules(module))
	if len(p.modules) != 2 || !p.modules["a.example/b v1.2.3"] || !p.modules["c.example/d/v2 v2.0.0"] {
		t.Errorf("got %v", p.modules)
	}
}

func TestProgress_showsWhyACommandFailed(t *testing.T) {
	p := NewProgress(&strings.Builder{})
	defer p.Stop()
	err := p.run(exec.CommandContext(t.Context(), "sh", "-c", "echo go: downloading a v1 >&2; echo undefined: y >&2; exit 1"))
	if err == nil || !strings.Contains(err.Error(), "undefined: y") || strings.Contains(err.Error(), "downloading") {
		t.Errorf("got %v", err)
	}
}
