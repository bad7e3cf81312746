package monitoring

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/pkg/common/must"
)

var root = filepath.Join("..", "..")

func TestFiles_areUpToDate(t *testing.T) {
	for name, want := range must.Get(Files())(t) {
		if got, err := os.ReadFile(filepath.Join(root, Folder, name)); err != nil || string(got) != string(want) {
			t.Errorf("%s is out of date; run `make generate` (%v)", name, err)
		}
	}
}

// Every alert has fired once, and has been quiet once: promtool evaluates the rules on synthetic series.
func TestAlerts_fireAndAreQuiet(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("NOT TESTED: promtool is not installed; `make prometheus` installs it")
	}
	for _, arguments := range [][]string{{"check", "rules", RulesFile}, {"test", "rules", RulesTestFile}} {
		command := exec.Command(promtool, arguments...)
		command.Dir = filepath.Join(root, Folder)
		if text, err := command.CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", arguments, err, text)
		}
	}
}

var heading = regexp.MustCompile(`(?m)^## (\S+)$`)

func TestAlerts_haveASectionAndExamplesEach(t *testing.T) {
	var written, wanted []string
	for _, match := range heading.FindAllSubmatch(must.Get(os.ReadFile(filepath.Join(root, "docs", "alerts.md")))(t), -1) {
		written = append(written, string(match[1]))
	}
	for _, a := range alerts {
		wanted = append(wanted, a.name)
		if len(a.fires) == 0 || len(a.quiet.series) == 0 {
			t.Errorf("%s has no example in which it fires, or none in which it does not", a.name)
		}
	}
	if !slices.Equal(written, wanted) {
		t.Errorf("docs/alerts.md has the headings\n%v, want\n%v", written, wanted)
	}
}

func TestDashboards_haveAUnitAndALegendEverywhere(t *testing.T) {
	for _, d := range dashboards {
		titles := map[string]bool{}
		for _, p := range d.panels {
			if len(p.lines) == 0 {
				t.Errorf("%s, %s: there is no query", d.name, p.title)
			}
			if titles[p.title] {
				t.Errorf("%s: two panels are %q", d.name, p.title)
			}
			titles[p.title] = true
			for _, l := range p.lines {
				if p.unit == "" || l.expr == "" || l.legend == "" {
					t.Errorf("%s, %s: a unit, a query or a legend is missing", d.name, p.title)
				}
			}
		}
	}
}

func TestConfiguration_scrapesAppsAndSidecarsByTheirNames(t *testing.T) {
	text := string(must.Get(Configuration("/stoa", 15e9, []stack.Process{
		{Name: "broker", Kind: stack.KindBroker, Ports: map[string]int{description.PortBroker: 14222}},
		{Name: "blog-2", App: "blog", Kind: stack.KindApp, Ports: map[string]int{description.PortApp: 4001}},
		{Name: "gateway", App: "gateway", Kind: stack.KindApp, Ports: map[string]int{description.PortApp: 8080, description.PortProbe: 8200}},
		{Name: "blog-2.sidecar", App: "blog", Kind: stack.KindSidecar, Ports: map[string]int{description.PortMetrics: 4002}},
	}))(t))
	for _, want := range []string{
		"scrape_interval: 15s", "/stoa/deploy/observability/rules.yml", "127.0.0.1:4001", "127.0.0.1:8200", "127.0.0.1:4002",
		"instance: blog-2\n", "instance: blog-2.sidecar\n", "job_name: stoa-apps", "job_name: stoa-sidecars",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if strings.Contains(text, "8080") || strings.Contains(text, "14222") {
		t.Errorf("it scrapes a port without metrics:\n%s", text)
	}
}
