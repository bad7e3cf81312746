// Package architecture checks the code against docs/architecture.md: which way imports point, what a service consists of,
// and that the names in the code and in the YAML are the same.
package architecture

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stoa/pkg/common/must"
)

// module is the prefix of all our import paths.
const module = "stoa/"

// pkg is what `go list` says of a package.
type pkg struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
}

func list(t *testing.T) []pkg {
	t.Helper()
	lookAtSources(t)
	out := must.Get(exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,Imports", module+"...").Output())(t)
	var all []pkg
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		switch err := decoder.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// lookAtSources reads the names and times of all files. The go command remembers that a test was fine until a file
// changes that the test has looked at, and does not know what `go list` looks at.
func lookAtSources(t *testing.T) {
	t.Helper()
	root := filepath.Join("..", "..")
	must.Do(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && path != root && entry.IsDir() && (entry.Name() == "bin" || strings.HasPrefix(entry.Name(), ".")) {
			return filepath.SkipDir
		}
		return err
	}))
}

// serviceOf is the service that a package belongs to, "" for none.
func serviceOf(importPath string) string {
	rest, ok := strings.CutPrefix(importPath, module+"services/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

func within(importPath, folder string) bool {
	return importPath == module+folder || strings.HasPrefix(importPath, module+folder+"/")
}

// isStandard reports a package of the standard library: its first element has no dot, and it is not one of ours.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".") && !strings.HasPrefix(importPath, module)
}

func mayDomainImport(importPath string) bool {
	kit := []string{"errs", "forms", "ids", "names", "recent", "backlog"}
	name, ours := strings.CutPrefix(importPath, module+"pkg/common/")
	return isStandard(importPath) || ours && slices.Contains(kit, name)
}

// rules says, for one package and one import of it, what is wrong with that.
var rules = map[string]func(from pkg, to string) bool{
	"a domain imports the standard library, errs, forms, ids, names, recent and backlog, nothing else": func(from pkg, to string) bool {
		return path.Base(from.ImportPath) == "domain" && !mayDomainImport(to)
	},
	"handlers, repositories and providers meet in cmd only": func(from pkg, to string) bool {
		layers := []string{"handlers", "repositories", "providers"}
		a, b := path.Base(from.ImportPath), path.Base(to)
		return serviceOf(to) != "" && slices.Contains(layers, a) && slices.Contains(layers, b) && a != b
	},
	"services share contracts, not code": func(from pkg, to string) bool {
		return serviceOf(to) != "" && serviceOf(from.ImportPath) != serviceOf(to)
	},
	"the kit knows no service, no gateway and no operator": func(from pkg, to string) bool {
		return within(from.ImportPath, "pkg") &&
			(within(to, "services") || within(to, "gateway") || within(to, "internal") || within(to, "cmd"))
	},
	"only the kit, tests, and benchmarks, which do without the kit, speak to Dapr": func(from pkg, to string) bool {
		return strings.HasPrefix(to, "github.com/dapr/") && !within(from.ImportPath, "pkg") && !within(from.ImportPath, "test") &&
			!within(from.ImportPath, "bench")
	},
	"nothing but the benchmark, which starts the same servers, imports tests": func(from pkg, to string) bool {
		return within(to, "test") && !within(from.ImportPath, "test") && from.ImportPath != "stoa/bench"
	},
}

func TestImports_pointInward(t *testing.T) {
	packages := list(t)
	if len(packages) < 20 {
		t.Fatalf("only %d packages", len(packages))
	}
	for _, from := range packages {
		for _, to := range from.Imports {
			for rule, broken := range rules {
				if broken(from, to) {
					t.Errorf("%s imports %s: %s", from.ImportPath, to, rule)
				}
			}
		}
	}
}
