package view

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"
	"gopkg.in/yaml.v3"
)

// The texts for people are in texts/<language>/<area>.yaml: a text for each key, or its forms for one and for other numbers of the first
// argument. Another language is another folder with the same keys.
//
//go:embed texts
var textFiles embed.FS

// fallback is the language in which every text exists.
var fallback = language.English

// texts has all texts in all languages.
type texts struct {
	catalog   *catalog.Builder
	keys      map[string]bool // in the fallback language
	languages language.Matcher
	tags      []language.Tag
}

// text is one text, or the forms of one.
type text struct {
	plain      string
	one, other string
}

// UnmarshalYAML reads a text, or a map of its forms.
func (t *text) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		return node.Decode(&t.plain)
	}
	var forms struct{ One, Other string }
	err := node.Decode(&forms)
	t.one, t.other = forms.One, forms.Other
	if err == nil && (t.one == "" || t.other == "") {
		err = fmt.Errorf("line %d: a text has the forms one and other", node.Line)
	}
	return err
}

// readTexts reads all files.
func readTexts() (*texts, error) {
	all := &texts{catalog: catalog.NewBuilder(catalog.Fallback(fallback)), keys: map[string]bool{}, tags: []language.Tag{fallback}}
	err := fs.WalkDir(textFiles, "texts", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if err := all.readFile(file); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		return nil
	})
	all.languages = language.NewMatcher(all.tags)
	return all, err
}

func (t *texts) readFile(file string) error {
	tag, err := language.Parse(path.Base(path.Dir(file)))
	if err != nil {
		return err
	}
	raw, err := textFiles.ReadFile(file)
	if err != nil {
		return err
	}
	var entries map[string]text
	if err := yaml.Unmarshal(raw, &entries); err != nil {
		return err
	}
	if tag != fallback && t.tags[len(t.tags)-1] != tag {
		t.tags = append(t.tags, tag)
	}
	area, _, _ := strings.Cut(path.Base(file), ".")
	for key, entry := range entries {
		if !strings.HasPrefix(key, area+".") {
			return fmt.Errorf("the key %s does not begin with %s, as its file does", key, area)
		}
		if err := t.set(tag, key, entry); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		t.keys[key] = t.keys[key] || tag == fallback
	}
	return nil
}

func (t *texts) set(tag language.Tag, key string, entry text) error {
	if entry.other == "" {
		return t.catalog.SetString(tag, key, entry.plain)
	}
	return t.catalog.Set(tag, key, plural.Selectf(1, "%d", plural.One, entry.one, plural.Other, entry.other))
}

// say returns a text in the language that suits a locale best.
func (t *texts) say(l Locale, key string, arguments ...any) string {
	tag, _, _ := t.languages.Match(l.tag)
	return message.NewPrinter(tag, message.Catalog(t.catalog)).Sprintf(message.Key(key, key), arguments...)
}
