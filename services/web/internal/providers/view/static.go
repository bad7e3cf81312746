package view

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"stoa/pkg/common/web"
)

// What pages load: our stylesheet, script and pictures, and, in thirdparty, what others have made.
//
//go:embed static
var staticFiles embed.FS

// StaticBase is where the addresses of these files begin. Then come a hash of the content, and the name.
const StaticBase = "/static"

// mediaTypes are those of the files, by extension: those of the operating system differ.
var mediaTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	".txt": "text/plain; charset=utf-8", ".json": "application/json",
}

// Static has the files by their names, such as "app.css" and "thirdparty/htmx.min.js".
type Static struct{ files map[string]staticFile }

type staticFile struct {
	content []byte
	etag    string
	hash    string
}

// readStatic reads all files. The stylesheets of css become one, in the order of their names.
func readStatic() (*Static, error) {
	s := &Static{files: map[string]staticFile{}}
	var css []byte
	err := fs.WalkDir(staticFiles, "static", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := staticFiles.ReadFile(file)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(file, "static/")
		if strings.HasPrefix(name, "css/") {
			css = append(css, content...)
			return nil
		}
		return s.add(name, content)
	})
	if err != nil {
		return nil, err
	}
	return s, s.add("app.css", css)
}

func (s *Static) add(name string, content []byte) error {
	if mediaTypes[path.Ext(name)] == "" {
		return fmt.Errorf("the file %s has no known media type", name)
	}
	etag := web.ETag(content)
	s.files[name] = staticFile{content: content, etag: etag, hash: strings.Trim(etag, `"`)}
	return nil
}

// Path returns the address of a file, which changes with its content.
func (s *Static) Path(name string) string { return StaticBase + "/" + s.files[name].hash + "/" + name }

// Has reports whether there is a file.
func (s *Static) Has(name string) bool { _, ok := s.files[name]; return ok }

// Serve answers with a file, and reports whether there is one. A page of another build asks for another hash: then nobody keeps the
// answer.
func (s *Static) Serve(w http.ResponseWriter, r *http.Request, hash, name string) bool {
	file, ok := s.files[name]
	if !ok {
		return false
	}
	header := w.Header()
	header.Set("Content-Type", mediaTypes[path.Ext(name)])
	header.Set("ETag", file.etag)
	header.Set("Cache-Control", "no-cache")
	if hash == file.hash {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file.content))
	return true
}
