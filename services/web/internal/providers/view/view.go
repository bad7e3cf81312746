// Package view makes HTML: templates, texts, money and dates in the reader's locale, forms, and the files that pages load.
package view

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"strings"
)

//go:embed templates
var templates embed.FS

// Views has a template for each page. It is safe for concurrent use.
type Views struct {
	pages  map[string]*template.Template
	texts  *texts
	static *Static
}

// New reads all templates, texts and files.
func New() (*Views, error) {
	texts, err := readTexts()
	if err != nil {
		return nil, err
	}
	static, err := readStatic()
	if err != nil {
		return nil, err
	}
	v := &Views{pages: map[string]*template.Template{}, texts: texts, static: static}
	return v, v.read()
}

// Static has the files that pages load.
func (v *Views) Static() *Static { return v.static }

// read reads the templates: each page is layout.html with the parts of templates/parts, and with what its own file defines.
func (v *Views) read() error {
	layout, err := template.New("layout.html").Option("missingkey=error").ParseFS(templates, "templates/layout.html", "templates/parts/*.html")
	if err != nil {
		return err
	}
	return fs.WalkDir(templates, "templates", func(file string, entry fs.DirEntry, err error) error {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "templates/"), ".html")
		if err != nil || entry.IsDir() || name == "layout" || strings.HasPrefix(name, "parts/") {
			return err
		}
		page, err := layout.Clone()
		if err != nil {
			return err
		}
		v.pages[name], err = page.ParseFS(templates, file)
		return err
	})
}

// Page returns a page that finds texts and files here. Render needs one.
func (v *Views) Page(page Page) Page {
	page.views = v
	return page
}

// Render returns a page as HTML.
func (v *Views) Render(name string, page Page) ([]byte, error) {
	return v.execute(name, "layout.html", page)
}

// RenderPart returns what a page defines under a name, without the layout, for what is shown live.
func (v *Views) RenderPart(name, part string, page Page) ([]byte, error) {
	return v.execute(name, part, page)
}

func (v *Views) execute(name, part string, page Page) ([]byte, error) {
	found := v.pages[name]
	if found == nil {
		return nil, fmt.Errorf("there is no template %s", name)
	}
	var html bytes.Buffer
	if err := found.ExecuteTemplate(&html, part, page); err != nil {
		return nil, fmt.Errorf("the page %s: %w", name, err)
	}
	return html.Bytes(), nil
}

// Has reports whether there is a text with this key.
func (v *Views) Has(key string) bool { return v.texts.keys[key] }
