// Package scaffold adds a service to the repository: a small one with the anatomy of docs/architecture.md, its entries in the
// files that describe the system, and what is generated from them. If any step fails, it adds nothing.
package scaffold

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"stoa/internal/topology"
)

//go:embed templates
var files embed.FS

// folder has the templates of the service's own files.
const folder = "templates/service"

var templates = template.Must(template.New("").ParseFS(files, "templates/*.tmpl", "templates/entries/*.tmpl"))

// Added is a service that was added.
type Added struct {
	// Files are the files that people edit from now on, by their paths below the root.
	Files []string
	// Next has shell commands that start and use the service.
	Next string
}

// Add adds the service to the repository at root, which must be a git checkout without uncommitted changes. If it fails, it
// restores all files, and the error says what to do.
func Add(ctx context.Context, root, name string) (Added, error) {
	system, err := topology.Load(root)
	if err != nil {
		return Added{}, fmt.Errorf("%s is not a repository to which a service can be added: %w", root, err)
	}
	s, err := newService(root, name, system)
	if err != nil {
		return Added{}, err
	}
	if err := checkClean(ctx, root); err != nil {
		return Added{}, err
	}
	texts, err := s.files(root)
	if err != nil {
		return Added{}, err
	}
	next, err := s.fill("next.tmpl")
	if err != nil {
		return Added{}, err
	}
	c := change{root: root, before: map[string][]byte{}}
	if err := c.apply(ctx, s, texts); err != nil {
		return Added{}, errors.Join(fmt.Errorf("nothing was added: %w", err), c.undo(s))
	}
	return Added{Files: slices.Sorted(maps.Keys(texts)), Next: string(next)}, nil
}

// checkClean fails if there are uncommitted changes, so that afterwards git shows only what was added.
func checkClean(ctx context.Context, root string) error {
	out, err := exec.CommandContext(ctx, "git", "-C", root, "status", "--porcelain").CombinedOutput()
	switch {
	case err != nil:
		return fmt.Errorf("%s is not a git checkout, which would show what is added: %w: %s", root, err, bytes.TrimSpace(out))
	case len(out) > 0:
		return fmt.Errorf("there are changes that are not committed; commit or stash them first, so that git shows what is added:\n%s",
			strings.TrimRight(string(out), "\n"))
	}
	return nil
}

// files returns the service's own files, and the existing files with its entries added, by their paths.
func (s service) files(root string) (map[string][]byte, error) {
	texts := map[string][]byte{}
	err := fs.WalkDir(files, folder, func(name string, file fs.DirEntry, err error) error {
		if err != nil || file.IsDir() {
			return err
		}
		content, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		parsed, err := template.New(name).Parse(string(content))
		if err != nil {
			return err
		}
		var text bytes.Buffer
		below := strings.TrimSuffix(strings.TrimPrefix(name, folder), ".tmpl")
		err = parsed.Execute(&text, s)
		texts[s.Folder()+below] = text.Bytes()
		return err
	})
	if err != nil {
		return nil, err
	}
	if texts[s.Schema()], err = s.fill("schema.json.tmpl"); err != nil {
		return nil, err
	}
	if err := s.addEntries(root, texts); err != nil {
		return nil, err
	}
	return texts, formatGo(texts)
}

// formatGo formats Go code, because its alignment depends on the length of the service's name.
func formatGo(texts map[string][]byte) (err error) {
	for name, text := range texts {
		if filepath.Ext(name) != ".go" {
			continue
		}
		if texts[name], err = format.Source(text); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (s service) fill(name string) ([]byte, error) {
	var text bytes.Buffer
	err := templates.ExecuteTemplate(&text, name, s)
	return text.Bytes(), err
}

// change writes files, and remembers their earlier content.
type change struct {
	root   string
	before map[string][]byte // nil for a file that did not exist
}

// apply writes the files of a service, and what is generated from them.
func (c *change) apply(ctx context.Context, s service, texts map[string][]byte) error {
	if err := c.remember(slices.Collect(maps.Keys(texts))...); err != nil {
		return err
	}
	for name, text := range texts {
		file := filepath.Join(c.root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return err
		}
	}
	return c.generate(ctx, s)
}

// generate does what `make generate` does, for one service.
func (c *change) generate(ctx context.Context, s service) error {
	if err := c.remember(s.OpenAPI(), "api/access/README.md"); err != nil {
		return err
	}
	for _, test := range [][]string{{"TestOpenAPI", "./" + s.Folder() + "/..."}, {"TestMatrix", "./api/access"}} {
		command := exec.CommandContext(ctx, "go", "test", "-count=1", "-run", test[0], test[1])
		command.Dir, command.Env = c.root, append(os.Environ(), "STOA_UPDATE=1")
		if out, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w\n%s", command.Args, err, out)
		}
	}
	generated, err := topology.Files(c.root)
	if err != nil {
		return err
	}
	if err := c.remember(slices.Collect(maps.Keys(generated))...); err != nil {
		return err
	}
	return topology.Write(c.root)
}

// remember reads files that are about to change.
func (c *change) remember(names ...string) error {
	for _, name := range names {
		if _, known := c.before[name]; known {
			continue
		}
		text, err := os.ReadFile(filepath.Join(c.root, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		c.before[name] = text
	}
	return nil
}

// undo restores the earlier content of all files.
func (c *change) undo(s service) error {
	failed := os.RemoveAll(filepath.Join(c.root, s.Folder()))
	for name, text := range c.before {
		file := filepath.Join(c.root, name)
		if text != nil {
			failed = errors.Join(failed, os.WriteFile(file, text, 0o644))
		} else if err := os.Remove(file); !errors.Is(err, fs.ErrNotExist) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}
