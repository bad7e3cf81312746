// Package scaffold tests that `stoa new service` makes a service that is built, tested, started and used like the others.
package scaffold

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

const (
	name = "gift-card"
	// maxEdits is how many files outside its folder a new service may need that are not generated.
	maxEdits = 8
)

func TestNewService_IsBuiltStartedAndUsed(t *testing.T) {
	root := newCheckout(t)
	printed := run(t, root, "bin/stoa", "new", "service", name)
	expectFewEdits(t, root)
	run(t, root, "go", "vet", "./services/"+name+"/...", "./test/hostile")
	run(t, root, "go", "test", "./services/"+name+"/...", "./internal/architecture", "./internal/topology", "./api/...")
	run(t, root, "make", "--no-print-directory", "bin/gateway", "bin/"+name)

	shop := start(t, root)
	_, commands, _ := strings.Cut(printed, "\neval ")
	if out := run(t, root, "sh", "-ec", "eval "+commands); strings.Count(out, `"name":"An amphora"`) != 2 {
		t.Errorf("the printed commands answer\n%s", out)
	}
	use(t, shop)
}

// newCheckout is a git checkout of a copy of this repository. It has the programs of all apps but the gateway, in which the
// routes are.
func newCheckout(t *testing.T) string {
	t.Helper()
	root, repository := t.TempDir(), system.Root(t)
	for _, file := range strings.Split(strings.TrimSpace(run(t, repository, "git", "ls-files", "--cached", "--others", "--exclude-standard")), "\n") {
		from, to := filepath.Join(repository, file), filepath.Join(root, file)
		must.Do(t, os.MkdirAll(filepath.Dir(to), 0o755))
		if place, err := os.Readlink(from); err == nil {
			must.Do(t, os.Symlink(place, to))
			continue
		}
		text, err := os.ReadFile(from)
		if errors.Is(err, os.ErrNotExist) {
			continue // deleted, and not committed yet
		}
		must.Do(t, errors.Join(err, os.WriteFile(to, text, 0o644)))
	}
	programs, err := filepath.Glob(filepath.Join(repository, "bin/*"))
	if err = errors.Join(err, os.Mkdir(filepath.Join(root, "bin"), 0o755)); err != nil {
		t.Fatal(err)
	}
	for _, program := range programs {
		if to := filepath.Join(root, "bin", filepath.Base(program)); filepath.Base(program) != "gateway" {
			must.Do(t, os.Symlink(program, to))
		}
	}
	run(t, root, "git", "init", "--quiet")
	run(t, root, "git", "add", "--all")
	run(t, root, "git", "-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message=copy")
	return root
}

// run runs a command that has to succeed, and returns what it prints.
func run(t *testing.T, dir, command string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command, args...)
	cmd.Dir = dir
	var failed strings.Builder
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s%s", command, args, err, out, failed.String())
	}
	return string(out)
}

func expectFewEdits(t *testing.T, root string) {
	t.Helper()
	run(t, root, "git", "add", "--all")
	changed := strings.Fields(run(t, root, "git", "diff", "--cached", "--name-only", "--", ":(attr:!linguist-generated)"))
	edits := slices.DeleteFunc(changed, func(file string) bool { return strings.HasPrefix(file, "services/"+name+"/") })
	if len(edits) == 0 || len(edits) > maxEdits {
		t.Errorf("%d files outside services/%s change, want at most %d: %v", len(edits), name, maxEdits, edits)
	}
}

// start runs the system of a checkout, which knows of the new service.
func start(t *testing.T, root string) *client.Shop {
	t.Helper()
	shop := must.Get(client.Open(t.Context(), root, root))(t)
	t.Cleanup(func() {
		if err := shop.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return shop
}

type item struct{ ID, Name string }

// use does through the gateway what the service is for: an event makes the first item, requests make, list and show items.
func use(t *testing.T, shop *client.Shop) {
	t.Helper()
	const path = "/" + name + "/items"
	customer, other := shop.SignUp(t), shop.SignUp(t)
	list := func() (names []string) {
		var page struct{ Items []item }
		shop.Must(t, client.Request{Method: "GET", Path: path, As: customer}, http.StatusOK, &page)
		for _, i := range page.Items {
			names = append(names, i.Name)
		}
		return names
	}
	expect := func(want ...string) func() error {
		return func() error {
			if got := list(); !slices.Equal(got, want) {
				return fmt.Errorf("the list is %v, want %v", got, want)
			}
			return nil
		}
	}
	system.Eventually(t, "a new account has its first item", expect("Welcome"))
	body := map[string]string{"name": "An amphora"}
	create := client.Request{Method: "POST", Path: path, As: customer, Key: "k-1", Body: body}
	var created, again, shown item
	shop.Must(t, create, http.StatusCreated, &created)
	shop.Must(t, create, http.StatusCreated, &again)
	one := client.Request{Method: "GET", Path: path + "/" + created.ID, As: customer}
	shop.Must(t, one, http.StatusOK, &shown)
	if again != created || shown != created {
		t.Errorf("created %+v, again %+v, shown %+v", created, again, shown)
	}
	if err := expect("An amphora", "Welcome")(); err != nil {
		t.Error(err)
	}
	one.As = other
	shop.Must(t, one, http.StatusNotFound, nil)
}
