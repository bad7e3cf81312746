package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"stoa/pkg/common/must"
)

// source is one Go file of a service that is not a test.
type source struct {
	service string
	folder  string // below the service, such as "internal/handlers"
	name    string
	files   *token.FileSet
	tree    *ast.File
}

func parse(t *testing.T, service, folder, name, file string, code any) source {
	t.Helper()
	files := token.NewFileSet()
	tree := must.Get(parser.ParseFile(files, file, code, 0))(t)
	return source{service: service, folder: folder, name: name, files: files, tree: tree}
}

// sources are the files of all packages that belong to a service.
func sources(t *testing.T, serviceOf func(importPath string) string) (all []source) {
	t.Helper()
	for _, p := range list(t) {
		service := serviceOf(p.ImportPath)
		for _, name := range p.GoFiles {
			if folder := strings.TrimPrefix(p.ImportPath, module+"services/"+service+"/"); service != "" {
				all = append(all, parse(t, service, folder, name, filepath.Join(p.Dir, name), nil))
			}
		}
	}
	return all
}

// is reports whether the file has one of these paths below its service.
func (s source) is(paths ...string) bool { return slices.Contains(paths, s.folder+"/"+s.name) }

// imports returns the import paths of the file, by the names that the file uses for them.
func (s source) imports() map[string]string {
	byName := map[string]string{}
	for _, spec := range s.tree.Imports {
		to, _ := strconv.Unquote(spec.Path.Value)
		name := path.Base(to)
		if version.MatchString(name) {
			name = path.Base(path.Dir(to))
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		byName[name] = to
	}
	return byName
}

var version = regexp.MustCompile(`^v\d+$`)

func (s source) importsPackage(importPath string) bool {
	for _, to := range s.imports() {
		if to == importPath {
			return true
		}
	}
	return false
}

// names returns the names of other packages in a part of the file, such as "huma.Register".
func (s source) names(part ast.Node) []string {
	imported, found := s.imports(), []string(nil)
	ast.Inspect(part, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if of, ok := selector.X.(*ast.Ident); ok && imported[of.Name] != "" {
			found = append(found, types.ExprString(selector))
		}
		return true
	})
	return found
}

// functions returns the functions of the file, without methods, by name.
func (s source) functions() map[string]*ast.FuncDecl {
	byName := map[string]*ast.FuncDecl{}
	for _, declaration := range s.tree.Decls {
		if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil {
			byName[f.Name.Name] = f
		}
	}
	return byName
}

// firstType is the type of the first parameter or result, "" if there is none.
func firstType(fields *ast.FieldList) string {
	if fields == nil || len(fields.List) == 0 {
		return ""
	}
	return types.ExprString(fields.List[0].Type)
}

// registers reports whether the file is a table of operations: routes.go, or a part of it by whose name readers find it, such as
// internalroutes.go with those for other services.
func (s source) registers() bool {
	return s.folder == handlersFolder && strings.HasSuffix(s.name, "routes.go")
}

// longFunctions reports whether a function other than a table of operations or events is longer than a handler may be.
func (s source) longFunctions() bool {
	return slices.ContainsFunc(s.tree.Decls, func(declaration ast.Decl) bool {
		f, ok := declaration.(*ast.FuncDecl)
		if !ok || f.Recv == nil && f.Name.Name == "Subscriptions" || firstType(f.Type.Params) == "huma.API" {
			return false
		}
		return s.files.Position(f.End()).Line-s.files.Position(f.Pos()).Line >= 25
	})
}

// domainInterfaces reports whether the file declares an interface that the domain could declare: all types in it are of
// packages that the domain may import.
func (s source) domainInterfaces() bool {
	own, imported, found := module+"services/"+s.service+"/internal/domain", s.imports(), false
	ast.Inspect(s.tree, func(n ast.Node) bool {
		declared, ok := n.(*ast.InterfaceType)
		if !ok || len(declared.Methods.List) == 0 {
			return true
		}
		found = found || !slices.ContainsFunc(s.names(declared), func(name string) bool {
			of, _, _ := strings.Cut(name, ".")
			return imported[of] != own && !mayDomainImport(imported[of])
		})
		return true
	})
	return found
}

// folders are where the code of a service is.
var folders = regexp.MustCompile(`^(cmd/(api|worker)|internal/(domain|handlers|repositories|providers(/[a-z]+)?))$`)

const (
	handlersFolder  = "internal/handlers"
	routesFile      = "internal/handlers/routes.go"
	subscribingFile = "internal/handlers/events.go"
	publishingFile  = "internal/providers/events.go"
)

// anatomy says, for one file of a service, what is wrong with it.
var anatomy = map[string]func(s source) bool{
	"code is in cmd/api, cmd/worker, and internal/domain, handlers, repositories and providers": func(s source) bool {
		return !folders.MatchString(s.folder)
	},
	"a program is one main.go with main and run": func(s source) bool {
		functions := s.functions()
		return strings.HasPrefix(s.folder, "cmd/") &&
			(s.name != "main.go" || functions["main"] == nil || functions["run"] == nil)
	},
	"handlers/routes.go declares Routes(api huma.API, ...), or Routes(router *mux.Router, ...) for pages": func(s source) bool {
		f := s.functions()["Routes"]
		return s.is(routesFile) && (f == nil || !slices.Contains([]string{"huma.API", "*mux.Router"}, firstType(f.Type.Params)))
	},
	"operations are registered in handlers/routes.go, or another ...routes.go": func(s source) bool {
		return !s.registers() && slices.Contains(s.names(s.tree), "huma.Register")
	},
	"handlers/events.go declares Subscriptions(...) []messaging.Subscription": func(s source) bool {
		f := s.functions()["Subscriptions"]
		return s.is(subscribingFile) && (f == nil || firstType(f.Type.Results) != "[]messaging.Subscription")
	},
	"events are handled in handlers/events.go and published in providers/events.go": func(s source) bool {
		return s.importsPackage(module+"pkg/messaging") && !s.is(subscribingFile, publishingFile)
	},
	"handlers publish nothing: providers/events.go does": func(s source) bool {
		names := s.names(s.tree)
		return s.is(subscribingFile) &&
			(slices.Contains(names, "messaging.New") || slices.Contains(names, "messaging.Publisher"))
	},
	"documents and events have forms: package forms reads and writes them, for sidecar.Documents and messaging.Typed": func(s source) bool {
		names := s.names(s.tree)
		return (s.folder == "internal/repositories" || s.is(subscribingFile, publishingFile)) &&
			slices.ContainsFunc([]string{"json.Marshal", "json.Unmarshal", "json.NewDecoder", "json.NewEncoder"}, func(name string) bool {
				return slices.Contains(names, name)
			})
	},
	"only repositories and providers use the sidecar": func(s source) bool {
		return s.importsPackage(module+"pkg/sidecar") &&
			s.folder != "internal/repositories" && !strings.HasPrefix(s.folder, "internal/providers")
	},
	"the interfaces of a use case are in domain": func(s source) bool {
		return s.folder == handlersFolder && s.domainInterfaces()
	},
	"a handler decodes, makes one call and encodes, in at most 25 lines": func(s source) bool {
		return s.folder == handlersFolder && s.longFunctions()
	},
}

func (s source) complaints() (broken []string) {
	for rule, breaks := range anatomy {
		if breaks(s) {
			broken = append(broken, rule)
		}
	}
	return broken
}

func TestAnatomy_isThatOfEveryService(t *testing.T) {
	must.HaveTime(t)
	services := map[string]bool{}
	for _, s := range sources(t, serviceOf) {
		services[s.service] = true
		for _, rule := range s.complaints() {
			t.Errorf("services/%s/%s/%s: %s", s.service, s.folder, s.name, rule)
		}
	}
	if len(services) < 5 {
		t.Errorf("only %d services", len(services))
	}
}

func TestAnatomy_refusesOtherForms(t *testing.T) {
	const huma = `import "github.com/danielgtaylor/huma/v2";`
	const messaging = `import "stoa/pkg/messaging";`
	for name, tt := range map[string]struct{ folder, file, code, rule string }{
		"a folder of its own":      {"internal/usecases", "a.go", ``, "code is in"},
		"another program":          {"cmd/migrate", "main.go", `func main() {}; func run() {}`, "code is in"},
		"a program of two files":   {"cmd/api", "settings.go", ``, "a program is"},
		"a program without run":    {"cmd/api", "main.go", `func main() {}`, "a program is"},
		"routes by another name":   {handlersFolder, "routes.go", huma + `func Register(api huma.API) {}`, "declares Routes"},
		"routes as a method":       {handlersFolder, "routes.go", huma + `type h struct{}; func (h) Routes(api huma.API) {}`, "declares Routes"},
		"an operation elsewhere":   {handlersFolder, "api.go", huma + `func a(api huma.API) { huma.Register(api) }`, "operations are"},
		"no table of events":       {handlersFolder, "events.go", messaging + `func a(messaging.Event) {}`, "declares Subscriptions"},
		"events elsewhere":         {handlersFolder, "orders.go", messaging + `func a(messaging.Event) {}`, "events are handled"},
		"publishing in the domain": {"internal/domain", "events.go", messaging + `var a = messaging.New`, "events are handled"},
		"publishing in handlers": {handlersFolder, "events.go",
			messaging + `func Subscriptions() []messaging.Subscription { messaging.New() }`, "handlers publish nothing"},
		"a document in handlers":   {handlersFolder, "a.go", `import "stoa/pkg/sidecar"; var a sidecar.Documents[int]`, "use the sidecar"},
		"an interface of handlers": {handlersFolder, "a.go", `type Finder interface { Find(id string) error }`, "interfaces of"},
		"another, of the domain's types": {handlersFolder, "a.go", `import "stoa/services/shop/internal/domain"
			type Finder interface { Find(id string) domain.Order }`, "interfaces of"},
		"an event read without its form": {handlersFolder, "events.go",
			`import "encoding/json"; func Subscriptions() []messaging.Subscription { json.Unmarshal() }`, "have forms"},
		"a long handler":              {handlersFolder, "a.go", "func a() {" + strings.Repeat("\n", 25) + "}", "a handler decodes"},
		"a long one among operations": {handlersFolder, "aroutes.go", "func a() {" + strings.Repeat("\n", 25) + "}", "a handler decodes"},
	} {
		t.Run(name, func(t *testing.T) {
			got := parse(t, "shop", tt.folder, tt.file, tt.file, "package a;"+tt.code).complaints()
			if len(got) != 1 || !strings.Contains(got[0], tt.rule) {
				t.Errorf("got %q, want one with %q", got, tt.rule)
			}
		})
	}
}

func TestAnatomy_allowsTablesInParts(t *testing.T) {
	code := `package handlers; import "github.com/danielgtaylor/huma/v2"; func members(api huma.API) { huma.Register(api); ` +
		strings.Repeat("\n", 25) + `}`
	if got := parse(t, "shop", handlersFolder, "memberroutes.go", "memberroutes.go", code).complaints(); len(got) != 0 {
		t.Errorf("got %q", got)
	}
}

func TestAnatomy_allowsInterfacesThatTheDomainCannotDeclare(t *testing.T) {
	code := `package handlers; import "stoa/pkg/identity"; type Tokens interface { KeySet() identity.KeySet }`
	if got := parse(t, "shop", handlersFolder, "keys.go", "keys.go", code).complaints(); len(got) != 0 {
		t.Errorf("got %q", got)
	}
}
