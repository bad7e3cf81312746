// Package openapi holds the OpenAPI description of every service that people can ask. The files are generated from the
// operations that the services register (`make generate`).
package openapi

import (
	"embed"
	"slices"
	"strings"
)

//go:embed *.json
var files embed.FS

// Services lists the services that have a description, in the order of their names.
func Services() []string {
	var names []string
	entries, _ := files.ReadDir(".") // what is embedded can be read
	for _, entry := range entries {
		names = append(names, strings.TrimSuffix(entry.Name(), ".json"))
	}
	slices.Sort(names)
	return names
}

// Description returns the description of a service in JSON. It fails for a name that Services does not list.
func Description(service string) ([]byte, error) { return files.ReadFile(service + ".json") }
