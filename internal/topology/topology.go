// Package topology reads components/topology.yaml, which describes topics, stores, bindings, schedules and calls, and the
// apps that use them. From it and from dapr.yaml it writes all files that repeat these facts in another format.
package topology

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"gopkg.in/yaml.v3"
)

// File is the path of the description, from the repository's root.
const File = "components/topology.yaml"

// Topology is the content of components/topology.yaml, with each app's entry in dapr.yaml and the calls in api/openapi.
type Topology struct {
	Apps       []App      `yaml:"-"` // in the order of dapr.yaml
	Calls      []Call     `yaml:"-"`
	Services   []string   `yaml:"-"`      // those with a description in api/openapi
	Topics     []Topic    `yaml:"topics"` // the last one is dead-letters
	Stores     []Store    `yaml:"stores"`
	Bindings   []Binding  `yaml:"bindings"`
	Schedules  []Schedule `yaml:"schedules"`
	Components Components `yaml:"components"`
}

// Topic is a stream of events. Every bus has one component for it.
type Topic struct {
	Name    string   `yaml:"name"`
	About   string   `yaml:"about"`
	Carries []string `yaml:"carries"` // types of events, without their version
	From    []string `yaml:"from"`
	To      []string `yaml:"to"`

	Replay []string `yaml:"-"` // the apps that also publish to it, to replay dead letters
}

// Publishers are the apps that may publish to the topic.
func (t Topic) Publishers() []string { return union(t.From, t.Replay) }

// Scopes are the apps that load the topic's component.
func (t Topic) Scopes() []string {
	return union(without(t.From, t.Replay), without(t.To, t.Replay), t.Replay)
}

// Store is where the apps of one service keep documents.
type Store struct {
	Name  string   `yaml:"name"`
	About string   `yaml:"about"`
	Apps  []string `yaml:"apps"`
}

// Binding is an output of the system, such as mail.
type Binding struct {
	Name string   `yaml:"name"`
	Apps []string `yaml:"apps"`
	// SeenBy are the apps that only read its type from their sidecars, which do not let them use it.
	SeenBy []string `yaml:"seenBy"`
}

// Scopes are the apps that load the binding's component.
func (b Binding) Scopes() []string { return union(b.Apps, b.SeenBy) }

// Schedule is a timer that calls apps.
type Schedule struct {
	Name     string   `yaml:"name"`
	About    string   `yaml:"about"`
	Apps     []string `yaml:"apps"`
	Schedule string   `yaml:"schedule"`
}

// document is the content of the file before it is joined with dapr.yaml.
type document struct {
	Topology    `yaml:",inline"`
	Apps        map[string]appEntry `yaml:"apps"`
	Calls       []callEntry         `yaml:"calls"`
	DeadLetters Topic               `yaml:"deadLetters"`
}

// Load reads the description of the repository at root. Its errors name the file and what is wrong there.
func Load(root string) (*Topology, error) {
	text, err := os.ReadFile(filepath.Join(root, File))
	if err != nil {
		return nil, err
	}
	var d document
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&d); err != nil {
		return nil, fmt.Errorf("%s: %w", File, err)
	}
	t := d.Topology
	if t.Apps, err = appsOf(root, d.Apps); err != nil {
		return nil, fmt.Errorf("%s: %w", File, err)
	}
	t.addDeadLetters(d.DeadLetters)
	if err := t.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", File, err)
	}
	t.Calls, err = t.callsOf(root, d.Calls)
	return &t, err
}

// addDeadLetters adds the topic to which every consumer publishes, and lets its readers publish to all topics.
func (t *Topology) addDeadLetters(topic Topic) {
	for _, app := range t.Apps {
		if t.consumes(app.ID) {
			topic.From = append(topic.From, app.ID)
		}
	}
	t.Topics = append(t.Topics, topic)
	for i := range t.Topics {
		t.Topics[i].Replay = topic.To
	}
}

func (t *Topology) publishes(app string) bool {
	return slices.ContainsFunc(t.Topics, func(topic Topic) bool { return slices.Contains(topic.Publishers(), app) })
}

func (t *Topology) consumes(app string) bool {
	return slices.ContainsFunc(t.Topics, func(topic Topic) bool { return slices.Contains(topic.To, app) })
}

// StoreOf is the name of the store that an app uses; empty if it uses none.
func (t *Topology) StoreOf(app string) string {
	for _, s := range t.Stores {
		if slices.Contains(s.Apps, app) {
			return s.Name
		}
	}
	return ""
}

// BindingsOf are the names of the bindings that an app uses.
func (t *Topology) BindingsOf(app string) []string {
	var names []string
	for _, b := range t.Bindings {
		if slices.Contains(b.Apps, app) {
			names = append(names, b.Name)
		}
	}
	return names
}

// check finds duplicates, missing fields, and apps that do not exist.
func (t *Topology) check() error {
	names := map[string]bool{}
	for _, e := range t.entries() {
		what := "the " + e.kind + " " + e.name
		switch {
		case names[what]:
			return fmt.Errorf("%s is described twice", what)
		case e.name == "" || e.about == "":
			return fmt.Errorf("%s needs the fields name and about", what)
		}
		names[what] = true
		for _, app := range e.apps {
			if !t.known(app) {
				return fmt.Errorf("%s names the app %q, which dapr.yaml does not know", what, app)
			}
		}
	}
	return t.Components.check(t.Bindings)
}

func (t *Topology) known(app string) bool {
	return slices.ContainsFunc(t.Apps, func(a App) bool { return a.ID == app })
}

// entry is what topics, stores, bindings and schedules have in common.
type entry struct {
	kind, name, about string
	apps              []string
}

func (t *Topology) entries() []entry {
	var all []entry
	for _, topic := range t.Topics {
		all = append(all, entry{"topic", topic.Name, topic.About, topic.Scopes()})
	}
	for _, s := range t.Stores {
		all = append(all, entry{"store", s.Name, s.About, s.Apps})
	}
	for _, b := range t.Bindings {
		all = append(all, entry{"binding", b.Name, "described in each base", b.Scopes()})
	}
	for _, s := range t.Schedules {
		all = append(all, entry{"schedule", s.Name, s.About, s.Apps})
	}
	return all
}

// union joins lists. Each name comes once, in the place of its first occurrence.
func union(lists ...[]string) []string {
	var all []string
	for _, name := range slices.Concat(lists...) {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

func without(list, others []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(name string) bool { return slices.Contains(others, name) })
}
