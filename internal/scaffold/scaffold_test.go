package scaffold

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stoa/internal/topology"
	"stoa/pkg/common/must"
)

const repository = "../.."

// checkout is a git checkout with the files that change, but without the code: nothing can be generated there.
func checkout(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	names := []string{topology.File, "api/access/README.md"}
	for _, e := range entries {
		names = append(names, e.file)
	}
	for _, name := range names {
		text := must.Get(os.ReadFile(filepath.Join(repository, name)))(t)
		write(t, root, name, string(text))
	}
	git(t, root, "init", "--quiet")
	commit(t, root)
	return root
}

func write(t *testing.T, root, name, text string) {
	t.Helper()
	file := filepath.Join(root, name)
	must.Do(t, os.MkdirAll(filepath.Dir(file), 0o755))
	must.Do(t, os.WriteFile(file, []byte(text), 0o644))
}

func git(t *testing.T, root string, args ...string) string {
	t.Helper()
	identity := []string{"-C", root, "-c", "user.name=test", "-c", "user.email=test@example.com"}
	out, err := exec.Command("git", append(identity, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func commit(t *testing.T, root string) {
	t.Helper()
	git(t, root, "add", "--all")
	git(t, root, "commit", "--quiet", "--allow-empty", "--message=test")
}

func TestAdd_RefusesNames(t *testing.T) {
	root := checkout(t)
	write(t, root, "services/tickets/README.md", "")
	commit(t, root)
	for name, want := range map[string]string{
		"":                      "lowercase letters",
		"Wishlist":              "lowercase letters",
		"wish_list":             "lowercase letters",
		"wish--list":            "lowercase letters",
		"-wishlist":             "lowercase letters",
		"wishlist2":             "lowercase letters",
		"../wishlist":           "lowercase letters",
		strings.Repeat("a", 41): "at most 40",
		"internal":              "another meaning",
		"stoa":                  "another meaning",
		"wishlist-api":          "ends in -api",
		"wishlist-worker":       "ends in -worker",
		"gateway":               "an app gateway already",
		"order":                 "a store order already",
		"stock":                 "a topic stock already",
		"mail":                  "a binding mail already",
		"compact":               "a schedule compact already",
		"orders":                "a route for /api/v1/orders already",
		"tickets":               "services/tickets exists already",
	} {
		if _, err := Add(t.Context(), root, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", name, err, want)
		}
	}
	if left := git(t, root, "status", "--porcelain"); left != "" {
		t.Errorf("refused names changed\n%s", left)
	}
}

func TestAdd_RefusesOtherFolders(t *testing.T) {
	dirty, loose, broken := checkout(t), checkout(t), checkout(t)
	write(t, dirty, "notes", "")
	must.Do(t, os.RemoveAll(filepath.Join(loose, ".git")))
	write(t, broken, "docs/architecture.md", "")
	commit(t, broken)
	for root, want := range map[string]string{
		t.TempDir(): "is not a repository to which",
		dirty:       "commit or stash them first, so that git shows what is added:\n?? notes",
		loose:       "is not a git checkout",
		broken:      "docs/architecture.md: there is no line",
	} {
		if _, err := Add(t.Context(), root, "wishlist"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestAdd_LeavesNothingAfterAnError(t *testing.T) {
	root := checkout(t)
	_, err := Add(t.Context(), root, "wishlist")
	if err == nil || !strings.Contains(err.Error(), "nothing was added: [go test") {
		t.Errorf("got %v, want an error of the generator", err)
	}
	if left := git(t, root, "status", "--porcelain", "--ignored"); left != "" {
		t.Errorf("left behind:\n%s", left)
	}
	if _, err := os.Stat(filepath.Join(root, "services/wishlist")); err == nil {
		t.Error("its folder is still there")
	}
}

// All that was there is still there, in its order: comments and the way in which things are written stay.
func TestFiles_OnlyAddToWhatIsThere(t *testing.T) {
	system := must.Get(topology.Load(repository))(t)
	s := must.Get(newService(repository, "gift-card", system))(t)
	texts := must.Get(s.files(repository))(t)
	for name, text := range texts {
		before, err := os.ReadFile(filepath.Join(repository, name))
		if err != nil {
			continue // a new file
		}
		added := strings.Split(string(text), "\n")
		for line := range strings.Lines(string(before)) {
			line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "]")
			i := slices.IndexFunc(added, func(l string) bool { return strings.HasPrefix(l, line) })
			if i < 0 {
				t.Errorf("%s: %q is lost", name, line)
				break
			}
			added = added[i+1:]
		}
	}
}

func TestNewService_HasPortsOfItsOwn(t *testing.T) {
	apps := func(http ...int) *topology.Topology {
		system := &topology.Topology{}
		for _, port := range http {
			system.Apps = append(system.Apps, topology.App{ID: "some", Ports: topology.Ports{HTTP: port, App: 8080}})
		}
		return system
	}
	s, err := newService(repository, "wishlist", apps(3600, 3611, 3608))
	if err != nil || s.Port(81) != 8112 || s.Port(36) != 3612 {
		t.Errorf("got %d, %d, %v", s.Port(81), s.Port(36), err)
	}
	if _, err := newService(repository, "wishlist", apps(3699)); err == nil {
		t.Error("there is a port after 3699")
	}
}

func TestInsert_FindsTheEndOfABlock(t *testing.T) {
	for name, tt := range map[string]struct{ text, begins, want string }{
		"of YAML":         {"a:\n  b: 1\n\n  # c\n  d: 2\n\n# e\nf:\n", "a:", "a:\n  b: 1\n\n  # c\n  d: 2\n  +\n\n# e\nf:\n"},
		"of Go":           {"var a = m{\n\tb\n}\n\nvar c\n", "var a = m{", "var a = m{\n\tb\n  +\n}\n\nvar c\n"},
		"of a table":      {"text\n\n| a |\n|---|\n| b |\n\nmore\n", "| a |", "text\n\n| a |\n|---|\n| b |\n  +\n\nmore\n"},
		"of a whole file": {"a: 1\nb: 2\n", "", "a: 1\nb: 2\n  +\n"},
		"without a line":  {"a:\nb:\n  c: 1\n", "a:", "a:\n  +\nb:\n  c: 1\n"},
	} {
		if got, err := insert(tt.text, tt.begins, "  +\n"); err != nil || got != tt.want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	if _, err := insert("a:\n", "b:", "+"); err == nil {
		t.Error("found a block that does not exist")
	}
}

func TestSubscribe_NeedsAListOfConsumers(t *testing.T) {
	const topics = "topics:\n  - name: a\n    to: [x]\n  - name: b\n    to: []\n  - name: c\n    about: d\n  - name: e\n    to: [y]\n"
	for topic, want := range map[string]string{"a": "a\n    to: [x, z]\n", "b": "b\n    to: [z]\n"} {
		if got, err := subscribe(topics, topic, "z"); err != nil || !strings.Contains(got, want) || len(got) > len(topics)+3 {
			t.Errorf("%s: got %q, %v", topic, got, err)
		}
	}
	for _, topic := range []string{"c", "f"} {
		if got, err := subscribe(topics, topic, "z"); err == nil {
			t.Errorf("%s: got %q", topic, got)
		}
	}
}
