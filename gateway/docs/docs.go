// Package docs is the page that shows all operations of all services, by Swagger UI (docs/decisions/0045). Page and descriptions
// are part of the program, so that they show while services are down, and so that a reader's browser loads nothing from elsewhere.
package docs

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"stoa/api/openapi"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
)

// Path is that of the page; its files are below.
const Path = "/docs"

// policy lets the page run its own files and nothing else: no code within the page. The icons of Swagger UI are in its stylesheet.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// page is what we have made, and, in thirdparty, what others have.
//
//go:embed page
var page embed.FS

// mediaTypes are those of the files, by extension: those of the operating system differ.
var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml", ".json": "application/json", ".txt": "text/plain; charset=utf-8",
}

// file is a file of the page.
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
	files := map[string]file{}
	err := fs.WalkDir(page, "page", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := page.ReadFile(name)
		files[Path+strings.TrimSuffix(strings.TrimPrefix(name, "page"), "/index.html")] = newFile(content)
		return err
	})
	if err != nil {
		return nil, err
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

// serve answers with the file, or with 304. Browsers keep it and ask each time whether it is current, so that they never mix
// two versions of the program.
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
