package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"stoa/internal/stack/description"
)

// configuration is what components/config/apps says of one app's sidecar.
type configuration struct {
	Metadata struct{ Name string }
	Spec     struct {
		API     struct{ Allowed []apiRule }
		Secrets struct{ Scopes []secretScope }
		Shared  map[string]any `yaml:",inline"`
	}
}

type apiRule struct{ Name, Version, Protocol string }

type secretScope struct {
	StoreName      string   `yaml:"storeName"`
	DefaultAccess  string   `yaml:"defaultAccess"`
	AllowedSecrets []string `yaml:"allowedSecrets"`
}

func configurationOf(t *testing.T, app string) configuration {
	t.Helper()
	var c configuration
	if err := yaml.Unmarshal([]byte(read(t, "components/config/apps/"+app+".yaml")), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// Dapr and Kubernetes take one Configuration for an app, so what all share stands in every file; it has to be the same.
func TestEveryAppHasItsConfiguration(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "components/config/apps/*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".yaml"))
	}
	expectNames(t, "components/config/apps", names, appIDs(t))
	shared := configurationOf(t, "gateway").Spec.Shared
	for _, app := range appIDs(t) {
		c := configurationOf(t, app)
		if c.Metadata.Name != app || !reflect.DeepEqual(c.Spec.Shared, shared) {
			t.Errorf("components/config/apps/%s.yaml: it is named %q, and says %v where the gateway's says %v",
				app, c.Metadata.Name, c.Spec.Shared, shared)
		}
		if file := described(t)[app].sidecar["config"]; !slices.Equal(file, []string{"components/config/apps/" + app + ".yaml"}) {
			t.Errorf("dapr.yaml: %s has the configuration %v", app, file)
		}
	}
}

// A sidecar serves the APIs that its app needs, and no other: which, follows from the components that the app may use and
// from the apps that it calls.
func TestSidecarsServeTheAPIsThatTheirAppsNeed(t *testing.T) {
	resources := defaultResources(t)
	for _, app := range appIDs(t) {
		var got, want []string
		for _, rule := range configurationOf(t, app).Spec.API.Allowed {
			got = append(got, strings.Join([]string{rule.Protocol, rule.Name, rule.Version}, " "))
		}
		for api := range neededAPIs(t, app, resources) {
			want = append(want, api)
		}
		expectNames(t, "components/config/apps/"+app+".yaml, api.allowed", got, want)
	}
}

func neededAPIs(t *testing.T, app string, resources []description.Resource) map[string]bool {
	t.Helper()
	// Every process asks for its components, and for live settings where there is a store of them.
	needed := map[string]bool{"grpc metadata v1": true, "grpc configuration v1": true}
	for _, r := range resources {
		kind, _, _ := strings.Cut(r.Spec.Type, ".")
		switch {
		case !slices.Contains(r.Scopes, app):
		case kind == "state":
			needed["grpc state v1"] = true
		case kind == "bindings" && r.Value("direction") == "output":
			needed["grpc bindings v1"] = true
		case kind == "pubsub":
			topic := strings.TrimPrefix(r.Name(), "pubsub-")
			for setting, api := range map[string]string{"publishingScopes": "grpc publish v1", "subscriptionScopes": "grpc subscribe v1alpha1"} {
				if slices.Contains(strings.Split(r.Value(setting), ";"), app+"="+topic) {
					needed[api] = true
				}
			}
		}
	}
	if len(secretsOf(t, app)) > 0 {
		needed["grpc secrets v1"] = true
	}
	// Without any rule for HTTP all of it would be served. Health is served in any case.
	needed["http healthz v1"] = true
	for _, c := range calls(t) {
		if c.from == app && !c.grpc {
			needed["http invoke v1"] = true
			delete(needed, "http healthz v1")
		}
	}
	return needed
}

func defaultResources(t *testing.T) []description.Resource {
	t.Helper()
	var folders []string
	for _, folder := range []string{"bus/nats", "store/sqlite", "base/local"} {
		folders = append(folders, filepath.Join(root, "components", folder))
	}
	resources, err := description.LoadResources(folders...)
	if err != nil {
		t.Fatal(err)
	}
	return resources
}

// secretsOf are the secrets that the app's sidecar hands out.
func secretsOf(t *testing.T, app string) []string {
	t.Helper()
	scopes := configurationOf(t, app).Spec.Secrets.Scopes
	if len(scopes) != 1 || scopes[0].StoreName != "secrets" || scopes[0].DefaultAccess != "deny" {
		t.Fatalf("components/config/apps/%s.yaml: the scopes of secrets are %+v; want the store secrets, denied by default", app, scopes)
	}
	return scopes[0].AllowedSecrets
}

// Secrets that components name are the sidecar's business, and no scope restricts those.
func TestAppsGetTheSecretsThatTheyAskFor(t *testing.T) {
	asked := secretsAskedFor(t)
	if len(asked) == 0 {
		t.Error("no service asks for a secret; this test reads the code wrongly")
	}
	allowed := map[string]map[string]bool{}
	for _, app := range appIDs(t) {
		service, _, _ := strings.Cut(app, "-")
		for _, secret := range secretsOf(t, app) {
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
		expectNames(t, "components/config/apps, secrets of "+service, got, want)
	}
}

// secretsAskedFor finds the calls of Secret in the code of each service.
func secretsAskedFor(t *testing.T) map[string]map[string]bool {
	t.Helper()
	asked := map[string]map[string]bool{}
	for _, p := range list(t) {
		service := serviceOf(p.ImportPath)
		if within(p.ImportPath, "gateway") {
			service = "gateway"
		}
		if service == "" {
			continue
		}
		for _, file := range p.GoFiles {
			tree, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(tree, func(n ast.Node) bool {
				if name := secretIn(t, n); name != "" {
					if asked[service] == nil {
						asked[service] = map[string]bool{}
					}
					asked[service][name] = true
				}
				return true
			})
		}
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
	text, err := strconv.Unquote(literal.Value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
