package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/must"
)

const measured = "../../../docs/conformance.json"

// The document says what the file of results says; STOA_UPDATE=1 writes it anew.
func TestMarkdown_isWhatWasMeasured(t *testing.T) {
	r := must.Get(Read(measured))(t)
	if os.Getenv("STOA_UPDATE") != "" {
		must.Do(t, r.Write(measured))
	}
	document := must.Get(os.ReadFile(Document(measured)))(t)
	if string(document) != must.Get(r.Markdown())(t) {
		t.Errorf("%s is not what %s says; run the test with STOA_UPDATE=1", Document(measured), measured)
	}
}

func sample() Report {
	monday := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	return Report{
		Machine: "a laptop", Buses: []string{"nats", "kafka"}, Stores: []string{"sqlite"},
		Checks: []Check{{Stores, "ttl", "It expires."}, {Buses, "kill", "None is lost."}, {Pairs, "order", "It arrives."}},
		Results: []Result{
			{Scope: Stores, Backend: "sqlite", Check: "ttl", Outcome: Pass, At: monday},
			{Scope: Buses, Backend: "nats", Check: "kill", Outcome: Pass, At: monday, Notes: []string{"90/s"}},
			{Scope: Buses, Backend: "kafka", Check: "kill", Outcome: Cannot, Reason: "no Java", At: monday},
			{Scope: Pairs, Backend: "nats x sqlite", Check: "order", Outcome: Pass, At: monday},
		},
	}
}

func TestMarkdown_showsTheWorstOfItsParts(t *testing.T) {
	r := sample()
	if got := r.summary("nats", "sqlite"); got != "pass" {
		t.Errorf("got %s", got)
	}
	if got := r.summary("kafka", "sqlite"); got != "**cannot** (bus)" {
		t.Errorf("got %s", got)
	}
	r.Results[0].Outcome = None
	if got := r.summary("nats", "sqlite"); got != "pass" {
		t.Errorf("what is not applicable: got %s", got)
	}
	r.Results = r.Results[:3]
	if got := r.summary("nats", "sqlite"); got != "**not run** (flow)" {
		t.Errorf("got %s", got)
	}
}

func TestMerge_keepsWhatWasNotMeasuredAgain(t *testing.T) {
	run := sample()
	tuesday := run.Results[0].At.AddDate(0, 0, 1)
	run.Results = []Result{
		{Scope: Buses, Backend: "kafka", Check: "kill", Outcome: Fail, Reason: "3 of 9\nare missing", At: tuesday},
	}
	merged := sample().Merge(run)
	if len(merged.Results) != 4 {
		t.Fatalf("got %d results, want 4", len(merged.Results))
	}
	text := must.Get(merged.Markdown())(t)
	for _, want := range []string{
		"2026-03-02 to 2026-03-03", "fail: 3 of 9 are missing",
		"- **kill** (bus)\n  - nats: 90/s\n", "| **kafka** | **fail** (bus) |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
	run.Checks = run.Checks[:1]
	if merged := sample().Merge(run); len(merged.Results) != 1 {
		t.Errorf("results of checks that are gone are kept: %+v", merged.Results)
	}
}

func TestReport_isReadAsItWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "conformance.json")
	if r, err := Read(path); err != nil || len(r.Results) != 0 {
		t.Fatalf("got %+v, %v", r, err)
	}
	must.Do(t, sample().Write(path))
	r, err := Read(path)
	if err != nil || len(r.Results) != 4 || Document(path) != strings.TrimSuffix(path, ".json")+".md" {
		t.Errorf("got %+v, %v", r, err)
	}
}
