// Package monitoring has what a Prometheus needs to watch the system: where to scrape, dashboards for Grafana, and alerts. The
// dashboards and alerts are tables, from which `make generate` writes deploy/observability.
package monitoring

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"

	"gopkg.in/yaml.v3"
)

// The jobs. Every query goes by them, and by the label app: whatever scrapes the processes has to set both.
const (
	Apps     = "stoa-apps"
	Sidecars = "stoa-sidecars"
)

// Folder is where the files are, from the repository's root.
const Folder = "deploy/observability"

// RulesFile and RulesTestFile are the names of the rules and of their tests, for promtool.
const (
	RulesFile     = "rules.yml"
	RulesTestFile = "rules_test.yml"
)

// mark is the first line of a generated file that may have comments. It is not that of internal/topology, which removes what it does not
// write.
const mark = "# Written by `make generate` from internal/monitoring.\n"

// Files returns all files, by their names in Folder.
func Files() (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, d := range dashboards {
		text, err := indented(d.grafana())
		if err != nil {
			return nil, err
		}
		files[filepath.Join("dashboards", d.name+".json")] = text
	}
	for name, content := range map[string]any{RulesFile: ruleGroups(), RulesTestFile: ruleTests()} {
		text, err := yaml.Marshal(content)
		if err != nil {
			return nil, err
		}
		files[name] = append([]byte(mark), text...)
	}
	return files, nil
}

func indented(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(value)
	return text.Bytes(), err
}

// Write writes all files below root, and removes dashboards that are no longer made.
func Write(root string) error {
	files, err := Files()
	if err != nil {
		return err
	}
	folder := filepath.Join(root, Folder)
	if err := os.RemoveAll(filepath.Join(folder, "dashboards")); err != nil {
		return err
	}
	for name, text := range files {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
