package monitoring

import (
	"cmp"
	"fmt"
	"path/filepath"
	"time"

	"gopkg.in/yaml.v3"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
)

type configuration struct {
	Global        globals  `yaml:"global"`
	RuleFiles     []string `yaml:"rule_files"`
	ScrapeConfigs []job    `yaml:"scrape_configs"`
}

type globals struct {
	ScrapeInterval     string `yaml:"scrape_interval"`
	EvaluationInterval string `yaml:"evaluation_interval"`
}

type job struct {
	Name    string   `yaml:"job_name"`
	Targets []target `yaml:"static_configs"`
}

type target struct {
	Targets []string          `yaml:"targets"`
	Labels  map[string]string `yaml:"labels"`
}

// Configuration returns the configuration of a Prometheus on this machine that watches these processes by the rules of the repository
// at root. A process is named by its label instance, such as order-worker-2, whatever its port is.
func Configuration(root string, every time.Duration, processes []stack.Process) ([]byte, error) {
	apps, sidecars := job{Name: Apps}, job{Name: Sidecars}
	for _, p := range processes {
		switch p.Kind {
		case stack.KindApp:
			apps.add(p, cmp.Or(p.Ports[description.PortProbe], p.Ports[description.PortApp]))
		case stack.KindSidecar:
			sidecars.add(p, p.Ports[description.PortMetrics])
		}
	}
	return yaml.Marshal(configuration{
		Global:        globals{every.String(), every.String()},
		RuleFiles:     []string{filepath.Join(root, Folder, RulesFile)},
		ScrapeConfigs: []job{apps, sidecars},
	})
}

func (j *job) add(p stack.Process, port int) {
	if port == 0 {
		return
	}
	j.Targets = append(j.Targets, target{
		Targets: []string{fmt.Sprintf("%s:%d", description.Loopback, port)},
		Labels:  map[string]string{"app": p.App, "instance": p.Name},
	})
}
