package main

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// demo is the demo blog. A file NAME.md is a post, NAME.1.md and NAME.2.md are its revisions; NAME is its slug.
//
//go:embed demo/blog
var demo embed.FS

// demoBlog is what the demo files say.
type demoBlog struct {
	Authors, Readers map[string]person
	Posts            []demoPost // the oldest first
	Comments         map[string][]remark
}

// person writes posts or comments.
type person struct{ Name, Email string }

// remark is a comment with its replies.
type remark struct {
	By, Text string
	Replies  []remark
}

// demoPost is a post with what became of it.
type demoPost struct {
	name      string
	revisions []revision
}

// revision is a file: what an author wrote at a time, and what became of that. A later revision has only what it changes.
type revision struct {
	content `yaml:",inline"`
	Author  string
	Day     int // how many days ago it would have been written; posts are published in this order
	Outcome outcome
	Note    string // the reason of the editor
}

// content is the body of a request that begins or edits a post.
type content struct {
	Title       string   `json:"title,omitempty"`
	Description string   `json:"description,omitempty"`
	Tags        []string `json:"tags,omitempty"`
	Text        string   `json:"text" yaml:"-"`
}

// outcome is what became of a revision.
type outcome string

const (
	draft       outcome = "draft"
	submitted   outcome = "submitted"
	refused     outcome = "refused"
	published   outcome = "published"
	unpublished outcome = "unpublished"
)

// readDemoBlog reads the demo files.
func readDemoBlog() (demoBlog, error) {
	folder, err := fs.Sub(demo, "demo/blog")
	if err != nil {
		return demoBlog{}, err
	}
	var blog demoBlog
	if err := readYAML(folder, "people.yaml", &blog); err != nil {
		return demoBlog{}, err
	}
	if err := readYAML(folder, "comments.yaml", &blog.Comments); err != nil {
		return demoBlog{}, err
	}
	files, err := fs.Glob(folder, "*.md") // sorted by name
	if err != nil {
		return demoBlog{}, err
	}
	for _, file := range files {
		r, err := readRevision(folder, file)
		if err != nil {
			return demoBlog{}, err
		}
		name, _, _ := strings.Cut(file, ".")
		if n := len(blog.Posts); n == 0 || blog.Posts[n-1].name != name {
			blog.Posts = append(blog.Posts, demoPost{name: name})
		}
		last := &blog.Posts[len(blog.Posts)-1]
		last.revisions = append(last.revisions, r)
	}
	slices.SortStableFunc(blog.Posts, func(a, b demoPost) int { return b.revisions[0].Day - a.revisions[0].Day })
	return blog, nil
}

func readYAML(folder fs.FS, file string, into any) error {
	raw, err := fs.ReadFile(folder, file)
	if err == nil {
		err = decodeYAML(raw, into)
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	return nil
}

// decodeYAML refuses fields that nobody reads: they are typing errors.
func decodeYAML(raw []byte, into any) error {
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	decoder.KnownFields(true)
	return decoder.Decode(into)
}

// readRevision reads a file of YAML between two lines of hyphens, and Markdown after them.
func readRevision(folder fs.FS, file string) (revision, error) {
	raw, err := fs.ReadFile(folder, file)
	if err != nil {
		return revision{}, err
	}
	parts := strings.SplitN(string(raw), "---\n", 3)
	if len(parts) != 3 || parts[0] != "" {
		return revision{}, fmt.Errorf("%s does not begin with YAML between two lines of ---", file)
	}
	var r revision
	if err := decodeYAML([]byte(parts[1]), &r); err != nil {
		return revision{}, fmt.Errorf("reading %s: %w", file, err)
	}
	r.Text = parts[2]
	return r, nil
}

// author is who wrote the post.
func (p demoPost) author() string { return p.revisions[0].Author }

// step is a request about a post, by one of its people.
type step struct {
	by, method, path string
	body             any
}

// steps are the requests about a post after the one that creates it. Each makes one version of it.
func (p demoPost) steps(id string) []step {
	var all []step
	add := func(by, method, path string, body any) {
		all = append(all, step{by, method, "/blog/" + path + "/id/" + id, body})
	}
	for i, r := range p.revisions {
		note := map[string]string{"note": r.Note}
		if i > 0 {
			add(p.author(), http.MethodPatch, "author", r.content)
		}
		if r.Outcome != draft {
			add(p.author(), http.MethodPut, "author/submit", nil)
		}
		switch r.Outcome {
		case refused:
			add(editor, http.MethodPut, "editor/refuse", note)
		case published, unpublished:
			add(editor, http.MethodPut, "editor/publish", nil)
		}
		if r.Outcome == unpublished {
			add(editor, http.MethodPut, "editor/unpublish", note)
		}
	}
	return all
}
