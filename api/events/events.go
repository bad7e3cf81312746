// Package events has the JSON Schema of every event type: the contract between publishers and consumers, which share no
// code. Tests of both check what they publish and what they read.
package events

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed *.schema.json
var files embed.FS

// base makes the schemas' relative references absolute; nothing is fetched from it.
const base = "https://stoa.local/events/"

// Types lists the event types that have a schema.
func Types() []string {
	var types []string
	entries, _ := files.ReadDir(".")
	for _, entry := range entries {
		if name, ok := strings.CutSuffix(entry.Name(), ".schema.json"); ok && strings.Contains(name, ".v") {
			types = append(types, name)
		}
	}
	slices.Sort(types)
	return types
}

// Check compares a payload with the schema of its event type and says where it differs.
func Check(eventType string, payload any) error {
	schema, err := compile(eventType)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// compiler has read all schemas, once: that takes much longer than a check.
var compiler = sync.OnceValues(func() (*jsonschema.Compiler, error) {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		raw, err := files.ReadFile(entry.Name())
		if err != nil {
			return nil, err
		}
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name(), err)
		}
		if err := compiler.AddResource(base+entry.Name(), document); err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name(), err)
		}
	}
	return compiler, nil
})

var compiling sync.Mutex // A compiler remembers what it has compiled, and serves one caller at a time.

func compile(eventType string) (*jsonschema.Schema, error) {
	compiler, err := compiler()
	if err != nil {
		return nil, err
	}
	compiling.Lock()
	defer compiling.Unlock()
	return compiler.Compile(base + eventType + ".schema.json")
}
