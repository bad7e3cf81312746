package access

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"stoa/gateway/declaration"
	"stoa/gateway/kong"
	"stoa/internal/golden"
	"stoa/pkg/common/must"
)

func load(t *testing.T) (Matrix, []Operation) {
	t.Helper()
	matrix := must.Get(Load())(t)
	operations := must.Get(Operations())(t)
	return matrix, operations
}

func TestLoad_decidesEveryOperationOnce(t *testing.T) {
	matrix, operations := load(t)
	known := map[string]bool{}
	for _, o := range operations {
		known[o.Service+" "+o.ID] = true
		rule, decided := matrix[o.Service][o.ID]
		if !decided {
			t.Errorf("%s: nobody has decided who may call %s (%s %s): add it to access.yaml", o.Service, o.ID, o.Method, o.Path)
			continue
		}
		if want := rule.Allow.security(); !reflect.DeepEqual(o.Security, want) {
			t.Errorf("%s: %s: OpenAPI says %v, the decision is %v", o.Service, o.ID, o.Security, want)
		}
		if rule.Owned() && len(o.Parameters()) == 0 {
			t.Errorf("%s: %s names nothing that could be another's", o.Service, o.ID)
		}
	}
	for service, rules := range matrix {
		for id := range rules {
			if !known[service+" "+id] {
				t.Errorf("%s: there is no operation %s", service, id)
			}
		}
	}
	if len(operations) < 20 {
		t.Errorf("only %d operations were found", len(operations))
	}
}

func TestGuarded_hasAnOperationOfEveryService(t *testing.T) {
	guarded := must.Get(Guarded("STAFF"))(t)
	_, operations := load(t)
	for _, o := range operations {
		if guarded[o.Service].ID == "" && len(o.Security) > 0 {
			t.Errorf("nothing tells whether %s lets somebody in: staff may neither read nor delete anything there", o.Service)
		}
	}
}

// The gateway asks of an API key what was decided here.
func TestLoad_agreesWithTheGateway(t *testing.T) {
	matrix, operations := load(t)
	routes := must.Get(declaration.Parse(kong.File, kong.Table()))(t)
	for _, o := range operations {
		want := matrix[o.Service][o.ID].Key
		i := slices.IndexFunc(routes, func(r declaration.Route) bool { return r.Matches(o.Target("1")) })
		if i < 0 {
			t.Errorf("%s: there is no route to %s", o.ID, o.Path)
			continue
		}
		got := AnyKey
		if key := routes[i].Plugins.APIKey; key.Anonymous {
			got = NotEvenAKey
		} else if key.Permission != "" {
			got = key.Permission
		}
		if got != want {
			t.Errorf("%s: the route %s asks for the API key %q, the decision is %q", o.ID, routes[i].Name, got, want)
		}
	}
}

func TestParse_refusesBrokenDecisions(t *testing.T) {
	for name, text := range map[string]string{
		"unknown word":    "order: {get-order: {key: any, allow: anybody}}",
		"unknown role":    "order: {get-order: {key: any, allow: [OWNER]}}",
		"unknown field":   "order: {get-order: {key: any, allow: everyone, role: STAFF}}",
		"nobody named":    "order: {get-order: {key: any, others: [STAFF]}}",
		"nothing of keys": "order: {get-order: {allow: everyone}}",
		"decided twice":   "order: {get-order: {key: any, allow: everyone}, get-order: {key: any, allow: signed-in}}",
		"no YAML at all":  "order: [",
		"role as a word":  "order: {get-order: {key: any, allow: STAFF}}",
		"list of objects": "order: {get-order: {key: any, allow: [{role: STAFF}]}}",
	} {
		if m, err := parse([]byte(text)); err == nil {
			t.Errorf("%s: got %v", name, m)
		}
	}
}

func TestOutcome_followsFromTheRule(t *testing.T) {
	matrix := must.Get(parse([]byte(`shop:
  open:  {key: none, allow: everyone}
  keyed: {key: any, allow: everyone}
  look:  {key: shop, allow: everyone}
  mine:  {key: any, allow: signed-in, others: [STAFF]}
  staff: {key: shop, allow: [STAFF, ADMIN]}`)))(t)
	// In the order of Callers: no key, weak key, key only, LEARNER, AUTHOR, EDITOR, STAFF, ADMIN.
	for _, tt := range []struct {
		id      string
		another bool
		want    string
	}{
		{"open", false, "[0 0 0 0 0 0 0 0]"},
		{"keyed", false, "[401 0 0 0 0 0 0 0]"},
		{"look", false, "[401 403 0 0 0 0 0 0]"},
		{"mine", false, "[401 401 401 0 0 0 0 0]"},
		{"mine", true, "[401 401 401 404 404 404 0 404]"},
		{"staff", false, "[401 403 401 403 403 403 0 0]"},
	} {
		var got []Outcome
		for _, c := range Callers() {
			got = append(got, matrix["shop"][tt.id].Outcome(c, tt.another))
		}
		if fmt.Sprint(got) != tt.want {
			t.Errorf("%s, another's %t: got %v, want %s", tt.id, tt.another, got, tt.want)
		}
	}
}

// The table for people is made from the decisions.
func TestMatrix_isDocumented(t *testing.T) {
	matrix, operations := load(t)
	golden.Check(t, "api/access/README.md", []byte(table(matrix, operations)))
}

func table(matrix Matrix, operations []Operation) string {
	var text strings.Builder
	text.WriteString("# Who may call what\n\nMade by `make generate` from [access.yaml](access.yaml) and [the OpenAPI files](../openapi). " +
		"A number is the status of the refusal;\n" +
		"*own* is allowed for what is the caller's own, and 404 for what is another's. A *weak key* is an API key without the permission that the\n" +
		"operation needs.\n")
	service := ""
	for _, o := range operations {
		if o.Service != service {
			service = o.Service
			fmt.Fprintf(&text, "\n## %s\n\n| operation | |", service)
			for _, c := range Callers() {
				fmt.Fprintf(&text, " %s |", c)
			}
			text.WriteString("\n|---|---|" + strings.Repeat(":-:|", len(Callers())) + "\n")
		}
		fmt.Fprintf(&text, "| %s | `%s %s` |", o.ID, o.Method, o.Path)
		for _, c := range Callers() {
			fmt.Fprintf(&text, " %s |", cell(matrix[o.Service][o.ID], c))
		}
		text.WriteString("\n")
	}
	return text.String()
}

func cell(rule Rule, c Caller) string {
	mine, another := rule.Outcome(c, false), rule.Outcome(c, true)
	switch {
	case mine != Allowed:
		return fmt.Sprint(int(mine))
	case another != Allowed:
		return "own"
	default:
		return "yes"
	}
}
