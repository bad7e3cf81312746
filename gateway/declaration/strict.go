package declaration

import (
	"fmt"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"
)

// fill reads a node into a struct, and refuses every setting that the struct does not have. A setting that is ignored is
// worse than one that is refused: somebody relies on it. Where is the place in words, such as "plugin cors: config: ".
func (c *compiler) fill(node *yaml.Node, into any, where string) {
	c.refuseUnknown(node, reflect.TypeOf(into).Elem(), where)
	if err := node.Decode(into); err != nil {
		c.problems = append(c.problems, fmt.Errorf("%s: %s%w", c.file, where, err))
	}
}

// refuseUnknown refuses the keys below a node that the type does not have. A value that does not fit its type, and a key that
// is there twice, are refused by yaml.
func (c *compiler) refuseUnknown(node *yaml.Node, t reflect.Type, where string) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	switch {
	case node.Kind == yaml.SequenceNode && t.Kind() == reflect.Slice:
		for _, item := range node.Content {
			c.refuseUnknown(item, t.Elem(), where)
		}
	case node.Kind == yaml.MappingNode && t.Kind() == reflect.Struct && t != reflect.TypeFor[yaml.Node]():
		fields, names := settingsOf(t)
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i]
			if field, ok := fields[key.Value]; ok {
				c.refuseUnknown(node.Content[i+1], field, where)
			} else {
				c.refuse(key.Line, "%s%s is not supported here; supported are %s", where, key.Value, strings.Join(names, ", "))
			}
		}
	}
}

// settingsOf returns the types of a struct's settings, and their names in order.
func settingsOf(t reflect.Type) (types map[string]reflect.Type, names []string) {
	if value, ok := t.FieldByName("Value"); ok { // of an item
		t = value.Type
	}
	types = map[string]reflect.Type{}
	for field := range t.Fields() {
		if name := field.Tag.Get("yaml"); name != "-" {
			types[name] = field.Type
			names = append(names, name)
		}
	}
	return types, names
}

// item is an entity of a list, and the line where it begins.
type item[T any] struct {
	Line  int
	Value T
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (i *item[T]) UnmarshalYAML(node *yaml.Node) error {
	i.Line = node.Line
	return node.Decode(&i.Value)
}
