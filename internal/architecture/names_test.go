package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"stoa/internal/stack/description"
	"stoa/pkg/messaging"
)

// literals collects the string literals in the Go code of each service.
func literals(t *testing.T) map[string]map[string]bool {
	t.Helper()
	found := map[string]map[string]bool{}
	for _, p := range list(t) {
		service := serviceOf(p.ImportPath)
		if service == "" {
			continue
		}
		if found[service] == nil {
			found[service] = map[string]bool{}
		}
		for _, file := range p.GoFiles {
			tree, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(tree, func(n ast.Node) bool {
				if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					text, _ := strconv.Unquote(literal.Value)
					found[service][text] = true
				}
				// The kit names this topic for all.
				if s, ok := n.(*ast.SelectorExpr); ok && (s.Sel.Name == "DeadLetters" || s.Sel.Name == "Consumer") {
					found[service][messaging.DeadLetters] = true
				}
				return true
			})
		}
	}
	return found
}

// scopes is, for each component of the default folders, the services whose apps may use it.
func scopes(t *testing.T) map[string][]string {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	system, err := description.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	owner := map[string]string{}
	for _, app := range system.Apps {
		owner[app.ID], _, _ = strings.Cut(app.ID, "-") // order-api belongs to order
	}
	resources, err := description.LoadResources(
		filepath.Join(root, "components/bus/nats"), filepath.Join(root, "components/store/sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	byComponent := map[string][]string{}
	for _, r := range resources {
		for _, app := range r.Scopes {
			if !slices.Contains(byComponent[r.Name()], owner[app]) {
				byComponent[r.Name()] = append(byComponent[r.Name()], owner[app])
			}
		}
	}
	return byComponent
}

// Every topic and store that a service names in its code is a component that its apps may use, and the other way round.
func TestNamesInCodeAndYAMLAgree(t *testing.T) {
	code, yaml := literals(t), scopes(t)
	if len(yaml) == 0 || len(code) == 0 {
		t.Fatalf("%d components, %d services", len(yaml), len(code))
	}
	for component, allowed := range yaml {
		name := strings.TrimPrefix(component, "pubsub-")
		for service, names := range code {
			uses, may := names[name], slices.Contains(allowed, service)
			// The back office replays dead letters to whatever topic they came from.
			if uses && !may || may && !uses && service != "backoffice" {
				t.Errorf("%s: the service %s names it in its code: %v; its apps may use it: %v", component, service, uses, may)
			}
		}
	}
	for service, names := range code {
		for name := range names {
			owner, isStore := strings.CutSuffix(name, "-store")
			if isStore && code[owner] != nil && yaml[name] == nil {
				t.Errorf("the service %s uses the store %s, which no component is", service, name)
			}
		}
	}
}
