package architecture

import (
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"stoa/internal/stack/description"
)

// The tests of this file and of those for Tye and Compose hold everything that describes the system against dapr.yaml, as
// `stoa up` reads it.

// process is what a description says of an app and of its sidecar.
type process struct {
	program string              // the name of its file
	env     map[string]string   // of the app
	sidecar map[string][]string // its arguments, by flag
}

const root = "../.."

func system(t *testing.T) *description.System {
	t.Helper()
	desc, err := description.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	return desc
}

// described is what dapr.yaml says of its apps, with paths as they are seen from the root.
func described(t *testing.T) map[string]process {
	t.Helper()
	all := map[string]process{}
	for _, app := range system(t).Apps {
		sidecar := flags(app.SidecarArguments())
		for _, name := range []string{"config", "resources-path"} {
			for i, file := range sidecar[name] {
				sidecar[name][i] = fromRoot(t, file)
			}
		}
		all[app.ID] = process{path.Base(app.Command[0]), app.Environment(), sidecar}
	}
	return all
}

func fromRoot(t *testing.T, file string) string {
	t.Helper()
	absolute, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(absolute, file)
	if err != nil {
		t.Fatal(err)
	}
	return relative
}

// flags reads --name value, --name=value, and --name alone.
func flags(args []string) map[string][]string {
	byName := map[string][]string{}
	for i := 0; i < len(args); i++ {
		name, value, given := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		if !given && i+1 < len(args) && !strings.HasPrefix(args[i+1], "--") {
			i++
			value = args[i]
		}
		byName[name] = append(byName[name], value)
	}
	return byName
}

// expectSame compares what another description says of an app.
func expectSame(t *testing.T, app string, got, want process) {
	t.Helper()
	if got.program != want.program {
		t.Errorf("%s runs %s, dapr.yaml says %s", app, got.program, want.program)
	}
	expectSameValues(t, app+": the variable", got.env, want.env)
	expectSameValues(t, app+": the sidecar's argument", got.sidecar, want.sidecar)
}

func expectSameValues[V any](t *testing.T, what string, got, want map[string]V) {
	t.Helper()
	for name, value := range want {
		if !reflect.DeepEqual(got[name], value) {
			t.Errorf("%s %s is %v, dapr.yaml says %v", what, name, got[name], value)
		}
	}
	for name, value := range got {
		if _, known := want[name]; !known {
			t.Errorf("%s %s is %v, dapr.yaml has no such", what, name, value)
		}
	}
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

func appIDs(t *testing.T) []string {
	t.Helper()
	var ids []string
	for _, app := range system(t).Apps {
		ids = append(ids, app.ID)
	}
	return ids
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestMakefileBuildsEveryProgram(t *testing.T) {
	makefile := read(t, "Makefile")
	sources := map[string]string{}
	for _, match := range regexp.MustCompile(`(?m)^bin/(\S+):\s+PACKAGE := \./(\S+)$`).FindAllStringSubmatch(makefile, -1) {
		sources[match[1]] = match[2]
	}
	var programs []string
	for _, app := range system(t).Apps {
		program := path.Base(app.Command[0])
		programs = append(programs, program)
		if _, err := os.Stat(filepath.Join(root, sources[program], "main.go")); sources[program] == "" || err != nil {
			t.Errorf("Makefile: bin/%s is built from %q, where no main.go is", program, sources[program])
		}
	}
	listed := regexp.MustCompile(`(?m)^APPS := (.+)$`).FindStringSubmatch(makefile)
	if listed == nil {
		t.Fatal("Makefile: there is no list of APPS")
	}
	expectNames(t, "Makefile, APPS", strings.Fields(listed[1]), programs)
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

func TestDocumentationNamesEveryApp(t *testing.T) {
	var names []string
	for name := range rows(t, "| app | its own | depends on |") {
		names = append(names, name)
	}
	expectNames(t, "docs/architecture.md, apps", names, appIDs(t))
}

// Who publishes and who consumes a topic is who its component is for. Besides, backoffice replays dead letters to all.
func TestDocumentationNamesEveryTopic(t *testing.T) {
	resources, err := description.LoadResources(filepath.Join(root, "components/bus/nats"))
	if err != nil {
		t.Fatal(err)
	}
	table := rows(t, "| topic | carries | from | to |")
	var consumers, topics, components []string
	for topic, cells := range table {
		topics = append(topics, "pubsub-"+topic)
		if topic != "dead-letters" {
			consumers = append(consumers, appsIn(cells[2])...)
		}
	}
	for _, r := range resources {
		if r.Kind != "Component" {
			continue
		}
		components = append(components, r.Name())
		cells := table[strings.TrimPrefix(r.Name(), "pubsub-")]
		if len(cells) != 3 {
			continue // reported below
		}
		from, to := strings.ReplaceAll(cells[1], "every consumer", strings.Join(consumers, ",")), cells[2]
		want := slices.Concat(appsIn(from), appsIn(to), []string{"backoffice"})
		slices.Sort(want)
		expectNames(t, "docs/architecture.md, the apps of "+r.Name(), slices.Clone(r.Scopes), slices.Compact(want))
		subscribers := appsInScope(r.Value("subscriptionScopes"))
		expectNames(t, "docs/architecture.md, who "+r.Name()+" goes to", subscribers, appsIn(to))
	}
	expectNames(t, "docs/architecture.md, topics", topics, components)
}

// appsIn reads a list of apps.
func appsIn(cell string) []string {
	return strings.FieldsFunc(cell, func(r rune) bool { return r == ',' || r == ' ' })
}

// appsInScope reads the apps of "app=topic;app=topic".
func appsInScope(scopes string) []string {
	var apps []string
	for entry := range strings.SplitSeq(scopes, ";") {
		app, _, _ := strings.Cut(entry, "=")
		apps = append(apps, app)
	}
	return apps
}
