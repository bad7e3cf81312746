package architecture

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"stoa/internal/topology"
	"stoa/pkg/common/must"
)

const root = "../.."

// load reads components/topology.yaml and dapr.yaml once for all tests, which do not change what they say.
var load = sync.OnceValues(func() (*topology.Topology, error) { return topology.Load(root) })

// describe is what components/topology.yaml and dapr.yaml say.
func describe(t *testing.T) *topology.Topology {
	t.Helper()
	return must.Get(load())(t)
}

// expectNames compares the names that a description knows with those that there are.
func expectNames(t *testing.T, where string, got, want []string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", where, got, want)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text := must.Get(os.ReadFile(filepath.Join(root, name)))(t)
	return string(text)
}

// rows returns the cells of a table of docs/architecture.md, by its first column.
func rows(t *testing.T, heading string) map[string][]string {
	t.Helper()
	_, table, found := strings.Cut(read(t, "docs/architecture.md"), "\n"+heading+"\n")
	if !found {
		t.Fatalf("docs/architecture.md has no table %s", heading)
	}
	table, _, _ = strings.Cut(table, "\n\n")
	byName := map[string][]string{}
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if name := strings.TrimSpace(cells[0]); strings.HasPrefix(name, "`") {
			byName[strings.Trim(name, "`")] = cells[1:]
		}
	}
	return byName
}

func TestDocumentation_namesEveryApp(t *testing.T) {
	var names, apps []string
	for name := range rows(t, "| app | its store | depends on |") {
		names = append(names, name)
	}
	for _, app := range describe(t).Apps {
		apps = append(apps, app.ID)
	}
	expectNames(t, "docs/architecture.md, apps", names, apps)
}

// Every type of event has a contract, and one topic that carries it.
func TestEvents_haveOneTopicEach(t *testing.T) {
	var carried, contracts []string
	for _, topic := range describe(t).Topics {
		carried = append(carried, topic.Carries...)
	}
	files := must.Get(filepath.Glob(filepath.Join(root, "api/events/*.v*.schema.json")))(t)
	for _, file := range files {
		versioned := strings.TrimSuffix(filepath.Base(file), ".schema.json")
		contracts = append(contracts, versioned[:strings.LastIndex(versioned, ".")])
	}
	slices.Sort(contracts)
	expectNames(t, topology.File+", the events that topics carry", carried, slices.Compact(contracts))
}
