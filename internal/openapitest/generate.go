package openapitest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"
)

var itoa = strconv.Itoa

// memory holds texts of earlier requests and answers, by the names of their fields, and by path and name: an id that exists
// tells more about an operation than a random one, above all an id from the list below which the operation is.
type memory map[string][]any

// kept is how many texts of one name are remembered.
const kept = 50

// learn remembers the texts in a value that came from a path or went there.
func (m memory) learn(path, name string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for _, field := range slices.Sorted(maps.Keys(value)) {
			m.learn(path, field, value[field])
		}
	case []any:
		for _, item := range value {
			m.learn(path, name, item)
		}
	case string:
		for _, place := range []string{name, path + "/" + name} {
			if value != "" && !slices.Contains(m[place], any(value)) {
				m[place] = append(m[place][max(0, len(m[place])+1-kept):], value)
			}
		}
	}
}

// recalled are the texts that a field may stand for: an id may be the id of anything, and a cursor comes from a field next.
func (m memory) recalled(name string) []any {
	switch {
	case name == "cursor":
		return m["next"]
	case strings.HasSuffix(name, "Id"):
		return slices.Concat(m[name], m["id"])
	}
	return m[name]
}

// generator makes values that fit schemas. Of a text, one third comes from what the client knows, and one from the memory.
type generator struct {
	*description
	memory memory
	client Client
}

// kindOf is the type of a schema besides null.
func kindOf(s schema) string {
	switch kind := s["type"].(type) {
	case string:
		return kind
	case []any:
		for _, k := range kind {
			if k != "null" {
				return k.(string)
			}
		}
	}
	return ""
}

// number returns a limit of a schema.
func number(s schema, name string, otherwise int) int {
	if limit, ok := s[name].(float64); ok {
		return int(limit)
	}
	return otherwise
}

// value makes a value that fits a schema, unless the schema has rules beyond types, limits, patterns and formats.
func (g generator) value(t *rapid.T, s schema, name string) any {
	s = g.resolve(s)
	if enum, ok := s["enum"].([]any); ok {
		return rapid.SampledFrom(enum).Draw(t, name)
	}
	switch kindOf(s) {
	case "object":
		return g.object(t, s)
	case "array":
		least := number(s, "minItems", 0)
		items := make([]any, rapid.IntRange(least, min(least+3, number(s, "maxItems", math.MaxInt))).Draw(t, name))
		for i := range items {
			items[i] = g.value(t, s["items"].(map[string]any), name)
		}
		return items
	case "integer":
		return integer(t, s, name)
	case "boolean":
		return rapid.Bool().Draw(t, name)
	}
	source := rapid.IntRange(1, 3).Draw(t, "source")
	if known := g.client.Knows[name]; source == 1 && len(known) > 0 {
		return rapid.SampledFrom(known).Draw(t, name)
	}
	if known := g.memory.recalled(name); source == 2 && len(known) > 0 {
		return rapid.SampledFrom(known).Draw(t, name)
	}
	return text(t, s, name)
}

func (g generator) object(t *rapid.T, s schema) any {
	object := map[string]any{}
	required, _ := s["required"].([]any)
	properties, _ := s["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if slices.Contains(required, any(name)) || rapid.Bool().Draw(t, "with "+name) {
			object[name] = g.value(t, properties[name].(map[string]any), name)
		}
	}
	return object
}

// integer makes an integer in any of the forms that JSON has for it.
func integer(t *rapid.T, s schema, name string) json.Number {
	least, most := number(s, "minimum", -1<<40), number(s, "maximum", 1<<40)
	n := rapid.OneOf(rapid.IntRange(least, most), rapid.SampledFrom([]int{least, most})).Draw(t, name)
	form := rapid.SampledFrom([]string{"%d", "%d", "%d.0", "%de0"}).Draw(t, "form")
	return json.Number(fmt.Sprintf(form, n))
}

func text(t *rapid.T, s schema, name string) string {
	least, most := number(s, "minLength", 0), number(s, "maxLength", 300)
	pattern, _ := s["pattern"].(string)
	switch s["format"] {
	case "uuid":
		pattern = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
	case "email":
		return rapid.StringMatching(`[a-zA-Z0-9_+]{1,20}@[a-z]{1,10}\.example`).Draw(t, name)
	case "uri":
		return rapid.StringMatching(`https?://[a-z]{1,10}\.example/[a-zA-Z0-9/]{0,30}`).Draw(t, name)
	case "date-time":
		seconds := rapid.Int64Range(0, 4e9).Draw(t, name)
		return time.Unix(seconds, 0).UTC().Format(time.RFC3339)
	}
	if pattern != "" && pattern != `\S` {
		return rapid.StringMatching(pattern).Draw(t, name)
	}
	length := rapid.SampledFrom([]int{least, min(least+8, most), min(least+8, most), most}).Draw(t, "length")
	return rapid.OneOf(
		rapid.StringOfN(rapid.RuneFrom([]rune("abcdefgh ABC012-_.")), length, length, -1), rapid.StringN(length, length, -1),
	).Draw(t, name)
}
