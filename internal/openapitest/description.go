// Package openapitest holds a service to its OpenAPI description. It reads nothing else: whatever the description allows, the
// service must accept or refuse for a reason that the description names; whatever it does not allow, the service must refuse;
// and every answer must be described.
package openapitest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"stoa/pkg/common/must"
)

// schema is a JSON Schema as the description has it.
type schema map[string]any

// description is an OpenAPI document.
type description struct {
	Servers []struct{ URL string }
	Paths   map[string]map[string]*operation

	Components struct {
		Schemas         map[string]schema
		SecuritySchemes map[string]struct{ Type, Name, In, Scheme string }
	}

	compiler *jsonschema.Compiler
}

// operation is one operation of the document.
type operation struct {
	OperationID string
	Security    []map[string][]string
	Parameters  []parameter
	RequestBody *struct {
		Required bool
		Content  map[string]media
	}
	Responses map[string]struct {
		Description string
		Content     map[string]media
	}

	method, path string
}

// parameter is a value in the path, the query or a header.
type parameter struct {
	Name, In string
	Required bool
	Schema   schema
}

// media is a body of one media type.
type media struct{ Schema schema }

// documentName is the name under which the compiler of schemas knows the document.
const documentName = "openapi.json"

// read parses a document.
func read(t *testing.T, raw []byte) *description {
	t.Helper()
	d := &description{compiler: jsonschema.NewCompiler()}
	must.Do(t, json.Unmarshal(raw, d))
	document := must.Get(jsonschema.UnmarshalJSON(bytes.NewReader(raw)))(t)
	must.Do(t, d.compiler.AddResource(documentName, document))
	d.compiler.AssertFormat()
	for path, methods := range d.Paths {
		for method, o := range methods {
			o.method, o.path = strings.ToUpper(method), path
		}
	}
	return d
}

// methods are in the order in which operations are attacked.
var methods = []string{http.MethodPost, http.MethodGet, http.MethodPut, http.MethodPatch}

// operations lists the operations in a fixed order: those that make something come first, those on one thing later, and those
// that take away last.
func (d *description) operations() []*operation {
	var all []*operation
	for _, operations := range d.Paths {
		all = slices.AppendSeq(all, maps.Values(operations))
	}
	place := func(o *operation) int {
		ofOne := strings.Contains(o.path, "{")
		switch {
		case o.method == http.MethodDelete && ofOne:
			return 20
		case o.method == http.MethodDelete:
			return 30
		case ofOne:
			return 10 + slices.Index(methods, o.method)
		}
		return slices.Index(methods, o.method)
	}
	slices.SortFunc(all, func(a, b *operation) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a.OperationID, b.OperationID))
	})
	return all
}

// resolve follows a reference to a schema.
func (d *description) resolve(s schema) schema {
	if reference, ok := s["$ref"].(string); ok {
		return d.Components.Schemas[strings.TrimPrefix(reference, "#/components/schemas/")]
	}
	return s
}

// pointer is the place of a part of an operation in the document.
func (o *operation) pointer(parts ...string) string {
	pointer := documentName + "#"
	for _, part := range append([]string{"paths", o.path, strings.ToLower(o.method)}, parts...) {
		pointer += "/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(part)
	}
	return pointer
}

// fits reports whether a value fits the schema at a place in the document.
func (d *description) fits(t *testing.T, pointer string, value any) error {
	t.Helper()
	return must.Get(d.compiler.Compile(pointer))(t).Validate(value)
}

// permits reports whether the schema of a parameter permits a text. Parameters are numbers or texts.
func (d *description) permits(t *testing.T, o *operation, index int, text string) bool {
	t.Helper()
	value := any(text)
	if kindOf(o.Parameters[index].Schema) == "integer" {
		if number, err := jsonschema.UnmarshalJSON(strings.NewReader(text)); err == nil {
			value = number
		}
	}
	return d.fits(t, o.pointer("parameters", itoa(index), "schema"), value) == nil
}
