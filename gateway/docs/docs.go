// Package docs is the page that shows all operations of all services. Page and descriptions are part of the program, so
// that they show while services are down, and so that a reader's browser asks nobody else.
package docs

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"time"

	"stoa/api/openapi"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
)

// Path is where the page is; what belongs to it is below.
const Path = "/docs"

// policy lets the page run its own code and nothing else: none that stands in the page, none that text could become.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

//go:embed page
var page embed.FS

// mediaTypes are those of the files, by extension: what the system says about these differs.
var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml", ".json": "application/json",
}

// file is something that is served as it is.
type file struct {
	content []byte
	etag    string
}

func newFile(content []byte) file { return file{content: content, etag: web.ETag(content)} }

// New returns the handler of Path and of everything below it.
func New() (http.Handler, error) {
	files, err := load()
	if err != nil {
		return nil, fmt.Errorf("the page of the API: %w", err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		found, ok := files[r.URL.Path]
		if !ok {
			web.WriteError(w, r, errs.New(errs.NotFound, "there is nothing at this path"))
			return
		}
		found.serve(w, r)
	}), nil
}

// load returns the files by their paths.
func load() (map[string]file, error) {
	index, err := template.ParseFS(page, "page/index.html")
	if err != nil {
		return nil, err
	}
	var html bytes.Buffer
	if err := index.Execute(&html, openapi.Services()); err != nil {
		return nil, err
	}
	files := map[string]file{Path: newFile(html.Bytes())}
	entries, err := page.ReadDir("page")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if entry.Name() == "index.html" {
			continue
		}
		content, err := page.ReadFile("page/" + entry.Name())
		if err != nil {
			return nil, err
		}
		files[Path+"/"+entry.Name()] = newFile(content)
	}
	for _, service := range openapi.Services() {
		content, err := openapi.Description(service)
		if err != nil {
			return nil, err
		}
		files[Path+"/openapi/"+service+".json"] = newFile(content)
	}
	return files, nil
}

// serve answers with the file, or with 304. Browsers keep it and ask each time whether it still holds, so that a new
// version of the program is never shown in parts.
func (f file) serve(w http.ResponseWriter, r *http.Request) {
	extension := path.Ext(r.URL.Path)
	if extension == "" {
		extension = ".html"
	}
	header := w.Header()
	header.Set("Content-Type", mediaTypes[extension])
	header.Set("Content-Security-Policy", policy)
	header.Set("Cache-Control", "no-cache")
	header.Set("ETag", f.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.content))
}
