package access

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"stoa/api/openapi"
)

// Operation is one operation as OpenAPI describes it.
type Operation struct {
	Service  string
	ID       string
	Method   string
	Path     string
	Security []map[string][]string
}

// Parameters lists the names in braces in the path.
func (o Operation) Parameters() []string {
	var names []string
	for part := range strings.SplitSeq(o.Path, "/") {
		if strings.HasPrefix(part, "{") {
			names = append(names, strings.Trim(part, "{}"))
		}
	}
	return names
}

// Target is the path with these values in the place of its parameters, the last value in the place of all that are left.
func (o Operation) Target(values ...string) string {
	target := o.Path
	for i, name := range o.Parameters() {
		target = strings.Replace(target, "{"+name+"}", values[min(i, len(values)-1)], 1)
	}
	return target
}

// Operations lists the operations of all services.
func Operations() ([]Operation, error) {
	var all []Operation
	for _, service := range openapi.Services() {
		raw, err := openapi.Description(service)
		if err != nil {
			return nil, err
		}
		operations, err := operationsOf(service, raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", service, err)
		}
		all = append(all, operations...)
	}
	slices.SortFunc(all, func(a, b Operation) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	return all, nil
}

func operationsOf(service string, raw []byte) ([]Operation, error) {
	var document struct {
		Paths map[string]map[string]struct {
			OperationID string                `json:"operationId"`
			Security    []map[string][]string `json:"security"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		return nil, err
	}
	var all []Operation
	for path, methods := range document.Paths {
		for method, o := range methods {
			all = append(all, Operation{service, o.OperationID, strings.ToUpper(method), path, o.Security})
		}
	}
	return all, nil
}

// Guarded returns one operation of each service that needs a sign-in, that this caller may call, and that changes nothing
// for an id that does not exist. Its answer tells whether a caller is accepted.
func Guarded(as Caller) (map[string]Operation, error) {
	all, err := Operations()
	if err != nil {
		return nil, err
	}
	matrix, err := Load()
	if err != nil {
		return nil, err
	}
	chosen := map[string]Operation{}
	for _, harmless := range []func(Operation) bool{
		func(o Operation) bool { return o.Method == "GET" && len(o.Parameters()) == 0 && !o.watches() },
		func(o Operation) bool { return o.Method == "GET" && !o.watches() },
		func(o Operation) bool { return o.Method == "DELETE" && len(o.Parameters()) > 0 },
	} {
		for _, o := range all {
			rule := matrix[o.Service][o.ID]
			if _, found := chosen[o.Service]; !found && harmless(o) && rule.Allow.word != everyone && rule.Allow.has(as) {
				chosen[o.Service] = o
			}
		}
	}
	return chosen, nil
}

// watches reports whether an operation follows something, which may not be there.
func (o Operation) watches() bool { return strings.HasPrefix(o.ID, "watch-") }
