package compose

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"stoa/internal/monitoring"
	"stoa/pkg/common/must"
)

// checkScraped adds the overlay with Prometheus, whose own image is not pulled here. The broker, which is on the same network, asks each
// target in its place.
func (p *project) checkScraped(t *testing.T) {
	var services []string
	sidecars := 0
	for _, c := range must.Get(p.containers())(t) {
		services = append(services, c.service())
		if strings.HasSuffix(c.service(), "-sidecar") {
			sidecars++
		}
	}
	p.files = []string{"deploy/compose/prometheus.yml"}
	must.Get(p.compose(append([]string{"up", "--detach"}, services...)...))(t)
	p.awaitHealthy(t)
	targets := p.targets(t)
	if len(targets) != 2*sidecars {
		t.Errorf("%d targets for %d sidecars, each of which has an app: %v", len(targets), sidecars, targets)
	}
	for _, target := range targets {
		if _, err := p.compose("exec", "-T", "broker", "/stoa", "probe", "http://"+target+"/metrics"); err != nil {
			t.Error(err)
		}
	}
}

// targets are what Prometheus scrapes in containers.
func (p *project) targets(t *testing.T) (all []string) {
	t.Helper()
	var configuration struct {
		ScrapeConfigs []struct {
			StaticConfigs []struct{ Targets []string } `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	must.Do(t, yaml.Unmarshal(must.Get(os.ReadFile(filepath.Join(p.root, monitoring.Folder, "compose.yml")))(t), &configuration))
	for _, job := range configuration.ScrapeConfigs {
		for _, static := range job.StaticConfigs {
			all = append(all, static.Targets...)
		}
	}
	return all
}
