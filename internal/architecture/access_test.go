package architecture

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stoa/internal/golden"
)

// call is an operation of an app that another app calls.
type call struct {
	from, to string
	path     string // as OpenAPI writes it, with parameters in braces; for gRPC the full name of the method
	verb     string // of HTTP
	grpc     bool
}

// internalCalls are those that no person can make. Besides, every app with operations for people who are signed in asks
// auth for the keys and the sessions; see calls.
var internalCalls = []call{
	{from: "gateway", to: "auth", verb: "GET", path: "/healthz"},
	{from: "order-api", to: "inventory-worker", grpc: true, path: "/inventory.v1.Stock/Quote"},
}

// keysAndSessions is what pkg/identity asks auth for.
var keysAndSessions = []string{"/api/v1/auth/.well-known/jwks.json", "/internal/sessions/{id}"}

// calls is who calls what: the gateway calls all that OpenAPI describes.
func calls(t *testing.T) []call {
	t.Helper()
	all := slices.Clone(internalCalls)
	for app, description := range openAPI(t) {
		secured := false
		for path, operations := range description.Paths {
			for verb, operation := range operations {
				all = append(all, call{from: "gateway", to: app, verb: strings.ToUpper(verb), path: path})
				secured = secured || len(operation.Security) > 0
			}
		}
		for _, path := range keysAndSessions {
			if secured && app != "auth" {
				all = append(all, call{from: app, to: "auth", verb: "GET", path: path})
			}
		}
	}
	return all
}

type openAPIFile struct {
	Paths map[string]map[string]struct{ Security []any }
}

// openAPI is what is in api/openapi, by app.
func openAPI(t *testing.T) map[string]openAPIFile {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "api/openapi/*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d descriptions: %v", len(files), err)
	}
	byApp, apps := map[string]openAPIFile{}, appIDs(t)
	for _, file := range files {
		app := strings.TrimSuffix(filepath.Base(file), ".json")
		if !slices.Contains(apps, app) {
			app += "-api"
		}
		if !slices.Contains(apps, app) {
			t.Fatalf("%s describes no app of dapr.yaml", file)
		}
		var description openAPIFile
		if err := json.Unmarshal([]byte(read(t, "api/openapi/"+filepath.Base(file))), &description); err != nil {
			t.Fatal(err)
		}
		byApp[app] = description
	}
	return byApp
}

// operations are what one caller may do in one app: verbs by pattern.
type operations map[string]map[string]bool

// add merges a call into the operations. Dapr matches less finely than OpenAPI describes (config/acl_trie.go of the
// pinned daprd): a policy for a path without wildcard holds for all that is below it, and hides policies for what is below;
// a parameter within a path has to be the last part of its policy. So a policy stands for the shortest path, with the verbs
// of all below. What is let through so and does not exist, the app refuses.
func (o operations) add(c call) {
	pattern := patternOf(c.path)
	for known := range o {
		switch {
		case covers(known, pattern):
			pattern = known
		case covers(pattern, known):
			if o[pattern] == nil {
				o[pattern] = map[string]bool{}
			}
			maps.Copy(o[pattern], o[known])
			delete(o, known)
		}
	}
	if o[pattern] == nil {
		o[pattern] = map[string]bool{}
	}
	if !c.grpc {
		o[pattern][c.verb] = true
	}
}

// patternOf ends a path at its first parameter: with /* where it ends there anyway, and /** where it goes on.
func patternOf(path string) string {
	literal, rest, parametered := strings.Cut(path, "/{")
	switch {
	case !parametered:
		return path
	case strings.Contains(rest, "/"):
		return literal + "/**"
	}
	return literal + "/*"
}

// covers reports that Dapr applies the policy for one pattern to all that the other stands for.
func covers(wide, narrow string) bool {
	base, multiStage := strings.CutSuffix(wide, "/**")
	return wide == narrow || (multiStage || !strings.HasSuffix(wide, "/*")) && strings.HasPrefix(narrow, base+"/")
}

// accessFile is the policy of one callee, for its sidecar.
func accessFile(app string, all []call) string {
	byCaller := map[string]operations{}
	for _, c := range all {
		if c.to != app {
			continue
		}
		if byCaller[c.from] == nil {
			byCaller[c.from] = operations{}
		}
		byCaller[c.from].add(c)
	}
	var text strings.Builder
	fmt.Fprintf(&text, accessHeader, app, app)
	if len(byCaller) > 0 {
		text.WriteString("    policies:\n")
	}
	for _, caller := range slices.Sorted(maps.Keys(byCaller)) {
		fmt.Fprintf(&text, accessPolicy, caller)
		for _, pattern := range slices.SortedFunc(maps.Keys(byCaller[caller]), wildcardsLast) {
			fmt.Fprintf(&text, "          - name: %q\n", pattern)
			if verbs := slices.Sorted(maps.Keys(byCaller[caller][pattern])); len(verbs) > 0 {
				fmt.Fprintf(&text, "            httpVerb: [%s]\n", strings.Join(verbs, ", "))
			}
			text.WriteString("            action: allow\n")
		}
	}
	return text.String()
}

// wildcardsLast is an order: Dapr takes the first pattern that fits.
func wildcardsLast(a, b string) int {
	return cmp.Compare(strings.ReplaceAll(a, "*", "~"), strings.ReplaceAll(b, "*", "~"))
}

const accessHeader = `# Who may call what of %s, where sidecars know each other by certificates (stoa up --mtls). Loaded after config/apps.
# Made by ` + "`make generate`" + ` out of api/openapi and internal/architecture/access_test.go.
apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata:
  name: access-to-%s
spec:
  accessControl:
    defaultAction: deny
    trustDomain: public
`

const accessPolicy = `      - appId: %s
        defaultAction: deny
        trustDomain: public
        namespace: default
        operations:
`

// A new operation is let through once it is described; an app that calls another needs a line above.
func TestAccessPolicies(t *testing.T) {
	all := calls(t)
	for _, app := range appIDs(t) {
		golden.Check(t, "components/config/access/"+app+".yaml", []byte(accessFile(app, all)))
	}
	files, err := filepath.Glob(filepath.Join(root, "components/config/access/*.yaml"))
	if err != nil || len(files) != len(appIDs(t)) {
		t.Errorf("%d policies for %d apps: %v", len(files), len(appIDs(t)), err)
	}
}

// What is only for machines must not be below what people may call.
func TestInternalOperationsAreOnlyForTheirCallers(t *testing.T) {
	all := calls(t)
	for _, app := range appIDs(t) {
		forPeople := operations{}
		for _, c := range all {
			if c.to == app && c.from == "gateway" && strings.HasPrefix(c.path, "/api/v1/") {
				forPeople.add(c)
			}
		}
		for pattern := range forPeople {
			for _, inside := range []string{"/internal/sessions/x", "/compact", "/metrics", "/readyz", "/openapi.json", "/dapr/config"} {
				if covers(pattern, inside) {
					t.Errorf("%s: the gateway may call %s, since it may call %s", app, inside, pattern)
				}
			}
		}
	}
}

func TestPatternsFollowDaprsRules(t *testing.T) {
	shop := operations{}
	for _, path := range []string{"/a/{id}/b", "/a/{id}", "/c/{id}", "/d/{id}/e", "/d", "/f/g"} {
		shop.add(call{path: path, verb: strings.ToUpper(path[1:2])})
	}
	want := []string{"/a/**", "/c/*", "/d", "/f/g"}
	if got := slices.Sorted(maps.Keys(shop)); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := slices.Sorted(maps.Keys(shop["/a/**"])); !slices.Equal(got, []string{"A"}) {
		t.Errorf("verbs: %v", got)
	}
}
