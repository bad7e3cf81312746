package openapitest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// hostile are values that few schemas allow.
var hostile = []any{
	nil, true, "", "x", " ", "\x00", "5", "ä", strings.Repeat("x", 3000), "2026-13-45T25:00:00Z", "a@b@c", "Ada <ada@example.org>",
	"urn:uuid:6f1c1a52-5d0f-4d43-9d0c-2b1f0f5f7a11", "6F1C1A52-5D0F-4D43-9D0C-2B1F0F5F7A11", "6f1c1a525d0f4d439d0c2b1f0f5f7a11",
	json.Number("-1"), json.Number("0"), json.Number("0.5"), json.Number("1e12"), json.Number("-9223372036854775809"), json.Number("1e999"),
	[]any{}, map[string]any{},
}

// spoil changes one place in a value. The result may still fit its schema.
func spoil(t *rapid.T, value any) any {
	switch value := value.(type) {
	case map[string]any:
		return spoilObject(t, value)
	case []any:
		if len(value) == 0 || rapid.Bool().Draw(t, "the list itself") {
			return rapid.SampledFrom([]any{slices.Repeat(value, 101), nil, map[string]any{}, "x"}).Draw(t, "list")
		}
		spoiled := slices.Clone(value)
		i := rapid.IntRange(0, len(value)-1).Draw(t, "item")
		spoiled[i] = spoil(t, value[i])
		return spoiled
	}
	return rapid.SampledFrom(hostile).Draw(t, "hostile")
}

func spoilObject(t *rapid.T, value map[string]any) any {
	spoiled, fields := maps.Clone(value), slices.Sorted(maps.Keys(value))
	how := rapid.SampledFrom([]string{"field", "field", "field", "missing", "unknown", "case", "type"}).Draw(t, "how")
	if how == "type" {
		return rapid.SampledFrom(hostile).Draw(t, "hostile")
	}
	if how == "unknown" || len(fields) == 0 {
		spoiled["unknown"] = true
		return spoiled
	}
	field := rapid.SampledFrom(fields).Draw(t, "field")
	switch how {
	case "missing":
		delete(spoiled, field)
	case "case":
		spoiled[strings.ToUpper(field)] = value[field]
	default:
		spoiled[field] = spoil(t, value[field])
	}
	return spoiled
}

// unreadable are bodies that are not JSON, or not UTF-8.
var unreadable = []string{"", "{", "[1,", "{}{}", "nul", "{\"name\":\"\xff\"}", "{'a':1}", "\ufeff{}", strings.Repeat("[", 5000)}
