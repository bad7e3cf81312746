package description

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"stoa/internal/stack/state"
)

// Resource is a YAML document that a sidecar loads: a Component, a Resiliency or a Configuration.
type Resource struct {
	File string `yaml:"-"`
	Kind string `yaml:"kind"`
	Meta struct {
		Name string `yaml:"name"`
	} `yaml:"metadata"`
	Scopes []string `yaml:"scopes"` // the apps that may use it; empty: all
	Spec   struct {
		Type     string `yaml:"type"`
		Metadata []struct {
			Name         string    `yaml:"name"`
			Value        yaml.Node `yaml:"value"`
			SecretKeyRef struct {
				Name string `yaml:"name"`
			} `yaml:"secretKeyRef"`
		} `yaml:"metadata"`
		NameResolution struct {
			Component string `yaml:"component"`
		} `yaml:"nameResolution"`
		Policies struct {
			Retries map[string]struct {
				Policy     string `yaml:"policy"`
				Duration   string `yaml:"duration"`
				MaxRetries int    `yaml:"maxRetries"`
			} `yaml:"retries"`
		} `yaml:"policies"`
		Targets struct {
			Apps       map[string]yaml.Node `yaml:"apps"`
			Components map[string]yaml.Node `yaml:"components"`
		} `yaml:"targets"`
	} `yaml:"spec"`
}

// Name is the name by which code and other resources refer to it.
func (r Resource) Name() string { return r.Meta.Name }

// Value is one setting of a component as text. It is empty if the setting is missing or comes from a secret.
func (r Resource) Value(setting string) string {
	for _, m := range r.Spec.Metadata {
		if m.Name == setting {
			return m.Value.Value
		}
	}
	return ""
}

// LoadResources reads all YAML files of the folders, in the order in which a sidecar reads them.
func LoadResources(folders ...string) ([]Resource, error) {
	var all []Resource
	for _, folder := range folders {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return nil, fmt.Errorf("components: %w; name a folder that exists", err)
		}
		for _, entry := range entries {
			if ext := filepath.Ext(entry.Name()); entry.IsDir() || (ext != ".yaml" && ext != ".yml") {
				continue
			}
			resources, err := LoadFile(filepath.Join(folder, entry.Name()))
			if err != nil {
				return nil, err
			}
			all = append(all, resources...)
		}
	}
	return all, nil
}

// LoadFile reads the documents of one YAML file.
func LoadFile(path string) ([]Resource, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var all []Resource
	for decoder := yaml.NewDecoder(bytes.NewReader(text)); ; {
		resource := Resource{File: path}
		err := decoder.Decode(&resource)
		switch {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("%s: %s", state.ShortPath(path), yamlProblem(err))
		case resource.Kind == "" || resource.Name() == "":
			return nil, fmt.Errorf("%s: kind or metadata.name is missing", state.ShortPath(path))
		}
		all = append(all, resource)
	}
}

// JetStream is the type of the components that use the embedded broker.
const JetStream = "pubsub.jetstream"

// OnJetStream reports whether it is a component that uses JetStream.
func (r Resource) OnJetStream() bool { return r.Kind == "Component" && r.Spec.Type == JetStream }

// selectFolder replaces the folder components/<kind>/... in paths by components/<kind>/<choice>, unless choice is empty.
func selectFolder(paths []string, kind, choice string) ([]string, error) {
	if choice == "" {
		return paths, nil
	}
	marker := filepath.Join("components", kind) + string(filepath.Separator)
	chosen := slices.Clone(paths)
	i := slices.IndexFunc(chosen, func(path string) bool { return strings.Contains(path, marker) })
	if i < 0 {
		return nil, fmt.Errorf("%s names no folder below components/%s that --%s could replace", File, kind, kind)
	}
	parent := filepath.Dir(chosen[i])
	chosen[i] = filepath.Join(parent, choice)
	if info, err := os.Stat(chosen[i]); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("--%s %s: components/%s has no such folder; choose one of: %s",
			kind, choice, kind, strings.Join(foldersIn(parent), ", "))
	}
	return chosen, nil
}

func foldersIn(parent string) []string {
	var names []string
	entries, _ := os.ReadDir(parent)
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names
}
