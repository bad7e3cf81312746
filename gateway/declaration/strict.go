package declaration

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// reader fills structs from YAML and collects, with file and line, every setting that the structs do not have. A setting that
// is ignored is worse than one that is refused: somebody relies on it.
type reader struct {
	file     string
	problems []error
}

// refuse adds what is wrong at a node.
func (r *reader) refuse(node *yaml.Node, where, format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf("%s:%d: %s%s", r.file, node.Line, where, fmt.Sprintf(format, args...)))
}

// err is everything that was refused.
func (r *reader) err() error { return errors.Join(r.problems...) }

// fill reads a node into a value, with aliases followed and nulls left out. Where is the place in words, "route orders: ".
func (r *reader) fill(node *yaml.Node, into reflect.Value, where string) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if node.Tag == "!!null" {
		return
	}
	switch {
	case into.Type() == reflect.TypeFor[yaml.Node]():
		into.Set(reflect.ValueOf(*node))
	case into.Kind() == reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		r.fill(node, into.Elem(), where)
	case into.Kind() == reflect.Struct:
		r.fillStruct(node, into, where)
	case into.Kind() == reflect.Slice:
		r.fillSlice(node, into, where)
	default:
		if err := node.Decode(into.Addr().Interface()); err != nil {
			r.refuse(node, where, "%q is not of the type %s", node.Value, into.Kind())
		}
	}
}

func (r *reader) fillStruct(node *yaml.Node, into reflect.Value, where string) {
	if node.Kind != yaml.MappingNode {
		r.refuse(node, where, "this must be a mapping")
		return
	}
	where = named(node, where)
	if field, ok := into.Type().FieldByName("Line"); ok && field.Tag.Get("yaml") == "-" {
		into.FieldByIndex(field.Index).SetInt(int64(node.Line))
	}
	var seen []string
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		field := fieldFor(into, key.Value)
		switch {
		case slices.Contains(seen, key.Value):
			r.refuse(key, where, "%s is there twice", key.Value)
		case !field.IsValid():
			r.refuse(key, where, "%s is not supported here; supported are %s", key.Value, strings.Join(keysOf(into.Type()), ", "))
		default:
			r.fill(value, field, where+key.Value+": ")
		}
		seen = append(seen, key.Value)
	}
}

func (r *reader) fillSlice(node *yaml.Node, into reflect.Value, where string) {
	if node.Kind != yaml.SequenceNode {
		r.refuse(node, where, "this must be a list")
		return
	}
	for _, item := range node.Content {
		element := reflect.New(into.Type().Elem()).Elem()
		r.fill(item, element, where)
		into.Set(reflect.Append(into, element))
	}
}

// named makes "services: " of an entity that has a name to "services: auth: ".
func named(node *yaml.Node, where string) string {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == "name" {
			return where + node.Content[i+1].Value + ": "
		}
	}
	return where
}

// fieldFor returns the field that a key stands for, or the zero Value.
func fieldFor(into reflect.Value, key string) reflect.Value {
	for i := range into.NumField() {
		if tag := into.Type().Field(i).Tag.Get("yaml"); tag == key && tag != "-" {
			return into.Field(i)
		}
	}
	return reflect.Value{}
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		if tag := t.Field(i).Tag.Get("yaml"); tag != "-" {
			keys = append(keys, tag)
		}
	}
	return keys
}
