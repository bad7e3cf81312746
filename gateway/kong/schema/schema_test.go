// Package schema describes the part of Kong's declarative format that kong.yml uses, in JSON Schema: Kong's own validator
// is part of Kong. The schemas are written from Kong's documentation of version 3.9. There is no code, only the test that
// checks kong.yml against them.
package schema

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"stoa/pkg/common/must"
)

// base makes the schemas' relative references absolute; nothing is fetched from it.
const base = "https://stoa.local/kong/"

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	files := must.Get(filepath.Glob("*.schema.json"))(t)
	for _, file := range files {
		raw := must.Get(os.ReadFile(file))(t)
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if err := compiler.AddResource(base+file, document); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	schema := must.Get(compiler.Compile(base + "kong.schema.json"))(t)
	return schema
}

func check(t *testing.T, schema *jsonschema.Schema, text string) error {
	t.Helper()
	var document any
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	return schema.Validate(document)
}

func declaration(t *testing.T) string {
	t.Helper()
	raw := must.Get(os.ReadFile("../kong.yml"))(t)
	return string(raw)
}

func TestSchema_acceptsOurDeclaration(t *testing.T) {
	if err := check(t, compiled(t), declaration(t)); err != nil {
		t.Errorf("kong.yml: %v", err)
	}
}

func TestSchema_findsMistakes(t *testing.T) {
	text, schema := declaration(t), compiled(t)
	for what, change := range map[string][2]string{
		"a format that is not Kong 3's": {`_format_version: "3.0"`, `_format_version: "2.1"`},
		"a version that is a number":    {`_format_version: "3.0"`, `_format_version: 3.0`},
		"a misspelt entity":             {"\nservices:", "\nservice:"},
		"a misspelt field of a service": {"read_timeout:", "timeout_read:"},
		"a time that is text":           {"connect_timeout: 1000", `connect_timeout: "1s"`},
		"a service at no place":         {"url: http://localhost:3600", "path: http://localhost:3600"},
		"a URL of no web server":        {"url: http://", "url: tcp://"},
		"a misspelt field of a route":   {"strip_path: false", "strip_paths: false"},
		"a method in small letters":     {"methods: [GET,", "methods: [get,"},
		"an expression without its ~":   {"'~/api/v1/auth(/.*)?$'", "'/api/v1/auth(/.*)?$'"},
		"a plugin that nobody has":      {"name: rate-limiting", "name: rate-limitting"},
		"a plugin that is not enabled":  {"name: correlation-id", "name: key-auth"},
		"a misspelt setting":            {"limit_by: ip", "limited_by: ip"},
		"a setting of another plugin":   {"limit_by: ip", "origins: [a]"},
		"a value that Kong lacks":       {"limit_by: ip", "limit_by: address"},
		"a limit of no period":          {"minute: 300, ", ""},
		"a limit of nothing":            {"minute: 300", "minute: 0"},
		"an answer kept for too long":   {"cache_seconds: 3", "cache_seconds: 6"},
		"an empty text":                 {"permission: shop", `permission: ""`},
		"keys without a place to ask":   {"{verification_urls: *verification, permission: shop", "{permission: shop"},
	} {
		t.Run(what, func(t *testing.T) {
			broken := strings.Replace(text, change[0], change[1], 1)
			if broken == text {
				t.Fatalf("kong.yml does not have %q", change[0])
			}
			if check(t, schema, broken) == nil {
				t.Error("accepted")
			}
		})
	}
}

// The schema also describes what kong.yml does not use.
func TestSchema_describesOtherDeclarations(t *testing.T) {
	schema := compiled(t)
	const head = "_format_version: \"3.0\"\n"
	for text, valid := range map[string]bool{
		`services: [{name: a, host: a.example, port: 80, protocol: http, path: /v1}]`:                                             true,
		`services: [{name: a, host: a.example, url: "http://a.example"}]`:                                                         false,
		`services: [{name: a, host: a.example, port: 70000}]`:                                                                     false,
		`services: [{name: "a b", host: a.example}]`:                                                                              false,
		`services: [{host: a.example, routes: [{paths: [/a], service: b}]}]`:                                                      false,
		`services: [{host: a.example, routes: [{name: nowhere}]}]`:                                                                false,
		`services: [{host: a.example, plugins: [{name: cors, route: b}]}]`:                                                        false,
		`routes: [{paths: [/a], service: b}]`:                                                                                     true,
		`routes: [{paths: [/a], service: {name: b}}]`:                                                                             true,
		`routes: [{paths: [a]}]`:                                                                                                  false,
		`routes: [{paths: [//a]}]`:                                                                                                false,
		`routes: [{paths: [/a], protocols: [http, tcp]}]`:                                                                         false,
		`routes: [{headers: {host: [a]}}]`:                                                                                        false,
		`routes: [{headers: {x-version: ["2"]}}]`:                                                                                 true,
		`plugins: [{name: cors, route: a}]`:                                                                                       true,
		`plugins: [{name: proxy-cache}]`:                                                                                          false,
		`plugins: [{name: proxy-cache, config: {strategy: memory, cache_control: true}}]`:                                         true,
		`plugins: [{name: proxy-cache, config: {strategy: redis}}]`:                                                               false,
		`plugins: [{name: proxy-cache, config: {strategy: memory, response_headers: {X-Cache: true}}}]`:                           false,
		`plugins: [{name: correlation-id, config: {generator: uuid7}}]`:                                                           false,
		`plugins: [{name: request-size-limiting, config: {size_unit: gigabytes}}]`:                                                false,
		`plugins: [{name: rate-limiting, config: {minute: 1, policy: redis}}]`:                                                    false,
		`plugins: [{name: rate-limiting, config: {minute: 1, policy: redis, redis: {host: a}}}]`:                                  true,
		`plugins: [{name: rate-limiting, config: {minute: 1, limit_by: header}}]`:                                                 false,
		`plugins: [{name: stoa-api-key, config: {anonymous: true}}]`:                                                              true,
		`plugins: [{name: stoa-api-key, config: {anonymous: false}}]`:                                                             false,
		`plugins: [{name: stoa-api-key}]`:                                                                                         false,
		`plugins: [{name: stoa-api-key, config: {anonymous: true, cache_seconds: 2.5}}]`:                                          false,
		`consumers: [{username: a}]`:                                                                                              false,
		`plugins: [{name: cors, config: {methods: [FETCH]}}]`:                                                                     false,
		`plugins: [{name: cors, config: {origins: ["*"], max_age: 600}, enabled: true, tags: [a]}]`:                               true,
		`routes: [{paths: [/], plugins: [{name: request-termination, config: {status_code: 404, body: "", content_type: a/b}}]}]`: true,
		`routes: [{paths: [/], plugins: [{name: request-termination, config: {status_code: 404, content_type: a/b}}]}]`:           false,
		`plugins: [{name: correlation-id, instance_name: "a b"}]`:                                                                 false,
		`plugins: [{name: stoa-api-key, config: {verification_urls: [localhost/verify]}}]`:                                        false,
		`plugins: [{name: stoa-api-key, config: {verification_urls: ["http://a/v"], permission: "a:b"}}]`:                         false,
	} {
		if err := check(t, schema, head+text); (err == nil) != valid {
			t.Errorf("%s: valid is %v, got %v", text, valid, err)
		}
	}
}
