package architecture

import (
	"go/ast"
	"maps"
	"slices"
	"strconv"
	"testing"

	"stoa/internal/topology"
	"stoa/pkg/common/must"
)

// Secrets that components name are the sidecar's business, and no scope restricts those.
func TestSecrets_appsGetThoseThatTheyAskFor(t *testing.T) {
	asked := secretsAskedFor(t)
	if len(asked) == 0 {
		t.Error("no service asks for a secret; this test reads the code wrongly")
	}
	allowed := map[string]map[string]bool{}
	for _, app := range describe(t).Apps {
		service := serviceOfApp(app.ID)
		for _, secret := range app.Secrets {
			if allowed[service] == nil {
				allowed[service] = map[string]bool{}
			}
			allowed[service][secret] = true
		}
	}
	for service := range allowed {
		if asked[service] == nil {
			t.Errorf("%s may read %v, and asks for none", service, allowed[service])
		}
	}
	for service, secrets := range asked {
		got, want := slices.Collect(maps.Keys(allowed[service])), slices.Collect(maps.Keys(secrets))
		expectNames(t, topology.File+", secrets of "+service, got, want)
	}
}

// secretsAskedFor finds the calls of Secret in the code of each service.
func secretsAskedFor(t *testing.T) map[string]map[string]bool {
	t.Helper()
	asked := map[string]map[string]bool{}
	serviceOrGateway := func(importPath string) string {
		if within(importPath, "gateway") {
			return "gateway"
		}
		return serviceOf(importPath)
	}
	for _, s := range sources(t, serviceOrGateway) {
		ast.Inspect(s.tree, func(n ast.Node) bool {
			if name := secretIn(t, n); name != "" {
				if asked[s.service] == nil {
					asked[s.service] = map[string]bool{}
				}
				asked[s.service][name] = true
			}
			return true
		})
	}
	return asked
}

// secretIn is the name in `x.Secret(ctx, name)`, a literal or a constant of the same file; "" for any other node.
func secretIn(t *testing.T, n ast.Node) string {
	t.Helper()
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) != 2 {
		return ""
	}
	if method, ok := call.Fun.(*ast.SelectorExpr); !ok || method.Sel.Name != "Secret" {
		return ""
	}
	name := call.Args[1]
	if constant, ok := name.(*ast.Ident); ok && constant.Obj != nil {
		spec, _ := constant.Obj.Decl.(*ast.ValueSpec)
		for i, declared := range spec.Names {
			if declared.Name == constant.Name {
				name = spec.Values[i]
			}
		}
	}
	literal, ok := name.(*ast.BasicLit)
	if !ok {
		t.Fatalf("a call of Secret whose name is neither a literal nor a constant beside it: %v", call.Args[1])
	}
	return must.Get(strconv.Unquote(literal.Value))(t)
}
