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
	Bus   []Look `yaml:"bus"`
	Store []Look `yaml:"store"`
	Base  []Base `yaml:"base"`
}

// Base is a folder of components/base.
type Base struct {
	Name     string          `yaml:"name"`
	Bindings map[string]Look `yaml:"bindings"`
}

// Look is the type and the settings of the components in one folder, or the names of the folders that have them.
type Look struct {
	Name     string            `yaml:"name"`
	About    string            `yaml:"about"`
	Type     string            `yaml:"type"`
	Version  string            `yaml:"version"` // v1 when empty
	Settings Settings          `yaml:"settings"`
	Retry    *Retry            `yaml:"retry"` // for handlers; nil where the broker redelivers
	Like     string            `yaml:"like"`
	Except   map[string]string `yaml:"except"`
}

// Retry is a policy of Dapr's.
type Retry struct {
	Policy     string `yaml:"policy"`
	Duration   string `yaml:"duration"`
	MaxRetries int    `yaml:"maxRetries"`
}

// Setting is one entry of a component's metadata, a value or the name of a secret.
type Setting struct{ Name, Value, Secret, Comment string }

// Settings has the settings in the order of the file, with its comments.
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

// For are the settings of the topic or service of this name.
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

// lookOf is the look of the component of a topic or service in a folder.
func lookOf(looks []Look, folder Look, name string) Look {
	other := folder.Like
	if exception, ok := folder.Except[name]; ok {
		other = exception
	}
	for _, look := range looks {
		if look.Name == other {
			return look
		}
	}
	return folder
}

// check finds folders that cannot be written.
func (c Components) check(bindings []Binding) error {
	for _, looks := range [][]Look{c.Bus, c.Store} {
		concrete := map[string]bool{"": true}
		for _, look := range looks {
			concrete[look.Name] = look.Type != ""
		}
		for _, look := range looks {
			others := append(slices.Collect(maps.Values(look.Except)), look.Like)
			if slices.ContainsFunc(others, func(other string) bool { return !concrete[other] }) || (look.Type == "") == (look.Like == "") {
				return fmt.Errorf("components: %s needs either a type, or like and except with the names of folders that have a type", look.Name)
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
