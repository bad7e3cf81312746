package topology

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Components has the settings of the components in each folder of components/bus, components/store and components/base.
type Components struct {
	Bus   []Definition `yaml:"bus"`
	Store []Definition `yaml:"store"`
	Base  []Base       `yaml:"base"`
}

// Base is a folder of components/base.
type Base struct {
	Name     string                `yaml:"name"`
	Bindings map[string]Definition `yaml:"bindings"`
}

// Definition has the type and the settings of the components in one folder. A folder without a type has the definitions of
// another folder, Like, and of further ones for the topics or stores in Except.
type Definition struct {
	Name     string            `yaml:"name"`
	About    string            `yaml:"about"`
	Type     string            `yaml:"type"`
	Version  string            `yaml:"version"` // v1 when empty
	Settings Settings          `yaml:"settings"`
	Retry    *Retry            `yaml:"retry"` // for handlers; nil where the broker redelivers
	Like     string            `yaml:"like"`
	Except   map[string]string `yaml:"except"`
}

// Retry is a retry policy of Dapr.
type Retry struct {
	Policy     string `yaml:"policy"`
	Duration   string `yaml:"duration"`
	MaxRetries int    `yaml:"maxRetries"`
}

// Setting is one entry of a component's metadata, a value or the name of a secret.
type Setting struct{ Name, Value, Secret, Comment string }

// Settings are the settings of a component, in the order of the file and with its comments.
type Settings []Setting

// UnmarshalYAML implements yaml.Unmarshaler.
func (s *Settings) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: settings are not a map", node.Line)
	}
	for i := 0; i < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		setting := Setting{Name: name.Value, Value: value.Value, Comment: strings.ReplaceAll(name.HeadComment, "# ", "")}
		if value.Kind == yaml.MappingNode {
			var reference struct {
				Secret string `yaml:"secret"`
			}
			if err := value.Decode(&reference); err != nil || reference.Secret == "" {
				return fmt.Errorf("line %d: %s is neither a value nor {secret: NAME}", value.Line, name.Value)
			}
			setting.Secret = reference.Secret
		}
		*s = append(*s, setting)
	}
	return nil
}

// For returns the settings with the name of a topic or service in place of {name}.
func (s Settings) For(name string) Settings {
	own := slices.Clone(s)
	for i := range own {
		own[i].Value = strings.ReplaceAll(own[i].Value, "{name}", name)
	}
	return own
}

// Secret reports whether one of the settings is a secret.
func (s Settings) Secret() bool {
	return slices.ContainsFunc(s, func(setting Setting) bool { return setting.Secret != "" })
}

// definitionOf is the definition of a topic's or store's component in a folder.
func definitionOf(all []Definition, folder Definition, name string) Definition {
	other := folder.Like
	if exception, ok := folder.Except[name]; ok {
		other = exception
	}
	for _, d := range all {
		if d.Name == other {
			return d
		}
	}
	return folder
}

// check finds folders whose components are not defined.
func (c Components) check(bindings []Binding) error {
	for _, all := range [][]Definition{c.Bus, c.Store} {
		concrete := map[string]bool{"": true}
		for _, d := range all {
			concrete[d.Name] = d.Type != ""
		}
		for _, d := range all {
			others := append(slices.Collect(maps.Values(d.Except)), d.Like)
			if slices.ContainsFunc(others, func(other string) bool { return !concrete[other] }) || (d.Type == "") == (d.Like == "") {
				return fmt.Errorf("components: %s needs either a type, or like and except with the names of folders that have a type", d.Name)
			}
		}
	}
	for _, base := range c.Base {
		for _, b := range bindings {
			if base.Bindings[b.Name].Type == "" {
				return fmt.Errorf("components: base: %s: the settings of %s are missing", base.Name, b.Name)
			}
		}
	}
	return nil
}
