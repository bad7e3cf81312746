package access

import (
	"bytes"
	_ "embed" // pages.yaml
	"fmt"

	"gopkg.in/yaml.v3"
)

//go:embed pages.yaml
var pagesFile []byte

// PageRule says who may open one page, and who may send the form of this path: nil where there is none.
type PageRule struct {
	Get  *Who `yaml:"get"`
	Post *Who `yaml:"post"`
}

// Outcome is the decision about a caller of a page, before any service is asked. KeyOnly is a guest: browsers have no API key.
func (w Who) Outcome(c Caller) Outcome {
	switch {
	case w.word == everyone:
		return Allowed
	case c == NoKey || c == WeakKey || c == KeyOnly:
		return Unauthenticated
	case !w.has(c):
		return Forbidden
	}
	return Allowed
}

// Pages reads who may open the pages, by their paths as the app's router writes them.
func Pages() (map[string]PageRule, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(pagesFile))
	decoder.KnownFields(true)
	var rules map[string]PageRule
	if err := decoder.Decode(&rules); err != nil {
		return nil, fmt.Errorf("pages.yaml: %w", err)
	}
	for path, rule := range rules {
		if rule.Get == nil && rule.Post == nil {
			return nil, fmt.Errorf("pages.yaml: %s: nobody may do anything", path)
		}
	}
	return rules, nil
}
