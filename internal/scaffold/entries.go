package scaffold

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"stoa/internal/topology"
)

const kongFile = "gateway/kong/kong.yml"

// entry is what a service adds at the end of a block of a file. A block is the line begins and the following lines that are
// indented, are rows of a table, or are empty. If begins is "", the block is the whole file.
type entry struct{ file, begins, template string }

var entries = []entry{
	{"dapr.yaml", "apps:", "dapr.tmpl"},
	{topology.File, "apps:", "app.tmpl"},
	{topology.File, "topics:", "topic.tmpl"},
	{topology.File, "stores:", "store.tmpl"},
	{kongFile, "services:", "kong.tmpl"},
	{"api/access/access.yaml", "", "access.tmpl"},
	{"test/hostile/probes_test.go", "var probes = map[string]probe{", "probes.tmpl"},
	{"docs/architecture.md", "| app | its store | depends on |", "architecture.tmpl"},
}

// addEntries adds a service's entries to the files that have them, and these files to texts.
func (s service) addEntries(root string, texts map[string][]byte) error {
	for _, e := range entries {
		if texts[e.file] == nil {
			text, err := os.ReadFile(filepath.Join(root, e.file))
			if err != nil {
				return err
			}
			texts[e.file] = text
		}
		addition, err := s.fill(e.template)
		if err != nil {
			return err
		}
		text, err := insert(string(texts[e.file]), e.begins, string(addition))
		if err != nil {
			return fmt.Errorf("%s: %w", e.file, err)
		}
		texts[e.file] = []byte(text)
	}
	text, err := subscribe(string(texts[topology.File]), s.Source.Topic, s.Name)
	if err != nil {
		return fmt.Errorf("%s: %w", topology.File, err)
	}
	texts[topology.File] = []byte(text)
	return nil
}

// insert adds a text at the end of a block, and changes nothing else.
func insert(text, begins, addition string) (string, error) {
	before, block := "", text
	if begins != "" {
		var found bool
		before, block, found = strings.Cut("\n"+text, "\n"+begins+"\n")
		if !found {
			return "", fmt.Errorf("there is no line %q, below which the entry belongs; write it above the other entries", begins)
		}
		before = strings.TrimPrefix(before+"\n"+begins+"\n", "\n")
	}
	end, at := 0, 0
	for line := range strings.Lines(block) {
		if begins != "" && !strings.ContainsAny(line[:1], " \t|\n") {
			break
		}
		if at += len(line); strings.TrimSpace(line) != "" {
			end = at
		}
	}
	return before + block[:end] + addition + block[end:], nil
}

var consumers = regexp.MustCompile(`(?m)^    to: \[([^\]\n]*)\]$`)

// subscribe adds an app to the consumers of a topic.
func subscribe(text, topic, app string) (string, error) {
	heading := "\n  - name: " + topic + "\n"
	before, rest, found := strings.Cut(text, heading)
	own, _, _ := strings.Cut(rest, "\n  - name: ")
	at := consumers.FindStringSubmatchIndex(own)
	if !found || at == nil {
		return "", fmt.Errorf("the topic %s has no line `to: [...]`; write its entry like that of the other topics", topic)
	}
	separator := ""
	if at[2] < at[3] {
		separator = ", "
	}
	return before + heading + rest[:at[3]] + separator + app + rest[at[3]:], nil
}
