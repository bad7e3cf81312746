package main

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"stoa/pkg/common/must"
)

func TestConfig_refusesBadSettings(t *testing.T) {
	for name, settings := range map[string]string{
		"no URL":                     `{"verification_urls": null}`,
		"a URL without a host":       `{"verification_urls": ["/verify"]}`,
		"a URL of another kind":      `{"verification_urls": ["ftp://localhost/verify"]}`,
		"no time to answer":          `{"verification_urls": ["http://localhost/verify"], "timeout_ms": 0}`,
		"answers that hold too long": `{"verification_urls": ["http://localhost/verify"], "cache_seconds": 6}`,
		"a time before now":          `{"verification_urls": ["http://localhost/verify"], "cache_seconds": -1}`,
		"a negative limit":           `{"verification_urls": ["http://localhost/verify"], "limit_per_minute": -1}`,
		"another type":               `{"verification_urls": "http://localhost/verify"}`,
	} {
		t.Run(name, func(t *testing.T) {
			if err := json.Unmarshal([]byte(settings), &Config{edge: newEdge("")}); err == nil {
				t.Error("accepted")
			}
		})
	}
}

// Kong reads the settings out of Config, and a test of kong.yml out of the schema: both must say the same.
func TestConfig_hasTheSettingsOfTheSchema(t *testing.T) {
	raw := must.Get(os.ReadFile("../schema/stoa-api-key.schema.json"))(t)
	var schema struct {
		Properties map[string]struct {
			Type  string
			Items struct{ Type string }
		}
	}
	must.Do(t, json.Unmarshal(raw, &schema))
	types := map[reflect.Kind]string{
		reflect.Bool: "boolean", reflect.Int: "integer", reflect.String: "string", reflect.Slice: "array",
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if !field.IsExported() {
			continue
		}
		name, kind := field.Tag.Get("json"), field.Type
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		documented, known := schema.Properties[name]
		if !known || documented.Type != types[kind.Kind()] {
			t.Errorf("%s is of type %s, in the schema %q", name, kind, documented.Type)
		}
		if kind.Kind() == reflect.Slice && documented.Items.Type != types[kind.Elem().Kind()] {
			t.Errorf("%s holds %s, in the schema %q", name, kind.Elem(), documented.Items.Type)
		}
		delete(schema.Properties, name)
	}
	for name := range schema.Properties {
		t.Errorf("the schema has %s, the plugin does not", name)
	}
}

// Kong puts the plugins in order by their numbers; these are those of Kong 3.9.
func TestPriority_isBetweenRateLimitingAndTheCache(t *testing.T) {
	for name, other := range map[string]int{
		"correlation-id": 100001, "cors": 2000, "request-size-limiting": 951, "rate-limiting": 910,
	} {
		if priority >= other {
			t.Errorf("runs before %s", name)
		}
	}
	if proxyCache := 100; priority <= proxyCache {
		t.Error("proxy-cache answers to requests without a key")
	}
}
