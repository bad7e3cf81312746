package architecture

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"stoa/pkg/common/must"
	"stoa/pkg/messaging"
)

// literals collects the string literals in the Go code of each service.
func literals(t *testing.T) map[string]map[string]bool {
	t.Helper()
	found := map[string]map[string]bool{}
	for _, s := range sources(t, serviceOf) {
		if found[s.service] == nil {
			found[s.service] = map[string]bool{}
		}
		ast.Inspect(s.tree, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, _ := strconv.Unquote(literal.Value)
				found[s.service][text] = true
			}
			// The kit names this topic for all.
			if selector, ok := n.(*ast.SelectorExpr); ok && (selector.Sel.Name == "DeadLetters" || selector.Sel.Name == "Consumer") {
				found[s.service][messaging.DeadLetters] = true
			}
			return true
		})
	}
	return found
}

// serviceOfApp is the service that an app belongs to: order for order-api.
func serviceOfApp(app string) string {
	return strings.TrimSuffix(strings.TrimSuffix(app, "-api"), "-worker")
}

// allowed is, for each topic and store, the services whose apps may use it.
func allowed(t *testing.T) map[string][]string {
	t.Helper()
	services := func(apps []string) []string {
		var names []string
		for _, app := range apps {
			names = append(names, serviceOfApp(app))
		}
		return names
	}
	described, byName := describe(t), map[string][]string{}
	for _, topic := range described.Topics {
		byName[topic.Name] = services(topic.Scopes())
	}
	for _, store := range described.Stores {
		byName[store.Name+"-store"] = services(store.Apps)
	}
	return byName
}

// Every topic and store that a service names in its code is one that its apps may use, and the other way round.
func TestNames_inCodeAndDescriptionAgree(t *testing.T) {
	must.HaveTime(t)
	code, described := literals(t), allowed(t)
	if len(described) == 0 || len(code) == 0 {
		t.Fatalf("%d topics and stores, %d services", len(described), len(code))
	}
	for name, allowed := range described {
		for service, names := range code {
			uses, may := names[name], slices.Contains(allowed, service)
			// The back office replays dead letters to whatever topic they came from.
			if uses && !may || may && !uses && service != "backoffice" {
				t.Errorf("%s: the service %s names it in its code: %v; its apps may use it: %v", name, service, uses, may)
			}
		}
	}
	for service, names := range code {
		for name := range names {
			owner, isStore := strings.CutSuffix(name, "-store")
			if isStore && code[owner] != nil && described[name] == nil {
				t.Errorf("the service %s uses the store %s, which is not described", service, name)
			}
		}
	}
}
