package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"mime"
	"net/http"
	"strings"

	"stoa/pkg/common/web"
)

// htmlType is the media type of pages.
const htmlType = "text/html"

// errorStyle is all that this page needs to be read easily, in both colour schemes. errorPolicy permits it and nothing else.
const errorStyle = `:root { color-scheme: light dark }
body { margin: 0; padding: 2rem 1rem; background: light-dark(#fffdf9, #1a1613); color: light-dark(#241c16, #f2eae1); font: 1rem/1.6 ui-sans-serif, system-ui, sans-serif }
main { max-width: 28rem; margin: 0 auto; overflow-wrap: break-word }
h1 { font: 600 2rem/1.2 ui-serif, Georgia, serif }
a { color: light-dark(#8a3b1c, #f0a67e) }`

var errorPolicy = func() string {
	sum := sha256.Sum256([]byte(errorStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; frame-ancestors 'none'"
}()

// errorPage is what people see in place of a problem document. Only a page that can be asked for again asks by itself.
var errorPage = template.Must(template.New("error").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>` + errorStyle + `</style>
{{if .Again}}<meta http-equiv="refresh" content="{{.Again}}">
{{end}}<title>{{.Problem.Title}}</title>
</head>
<body>
<main>
<h1>{{.Problem.Title}}</h1>
<p>{{.Problem.Detail}}.</p>
{{if .Again}}<p>This page tries again by itself.</p>
{{end}}<p><a href="/">Go to the shop</a></p>
</main>
</body>
</html>
`))

// readable turns the problem documents of next into pages, for requests that prefer a page: those of people who follow a link or
// send a form.
func readable(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !prefersPage(r) {
			next.ServeHTTP(w, r)
			return
		}
		held := &problemWriter{ResponseWriter: w, repeatable: r.Method == http.MethodGet}
		next.ServeHTTP(held, r)
		held.end()
	})
}

// prefersPage reports whether the first media type that a request accepts is that of pages, as it is in what browsers ask for.
func prefersPage(r *http.Request) bool {
	first, _, _ := strings.Cut(r.Header.Get("Accept"), ",")
	media, _, _ := mime.ParseMediaType(first)
	return media == htmlType && !strings.HasPrefix(r.URL.Path, "/api/")
}

// problemWriter holds a problem document back, and passes on everything else.
type problemWriter struct {
	http.ResponseWriter
	repeatable bool
	status     int // of the problem, 0 if the answer is none
	sent       bool
	problem    bytes.Buffer
}

// WriteHeader keeps the status of a problem.
func (w *problemWriter) WriteHeader(status int) {
	if status >= http.StatusBadRequest && strings.HasPrefix(w.Header().Get("Content-Type"), web.ProblemType) {
		w.status = status
		return
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write keeps the text of a problem.
func (w *problemWriter) Write(b []byte) (int, error) {
	if w.status != 0 {
		return w.problem.Write(b)
	}
	return w.ResponseWriter.Write(b)
}

// FlushError sends what is held back first. http.ResponseController calls it.
func (w *problemWriter) FlushError() error {
	w.end()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController reach the connection.
func (w *problemWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// end answers with the page of the problem, if there was one.
func (w *problemWriter) end() {
	if w.status == 0 || w.sent {
		return
	}
	w.sent = true
	view := struct {
		Problem web.Problem
		Again   string
	}{}
	_ = json.Unmarshal(w.problem.Bytes(), &view.Problem) // our own document
	if w.repeatable {
		view.Again = w.Header().Get("Retry-After")
	}
	w.Header().Set("Content-Type", htmlType+"; charset=utf-8")
	w.Header().Set("Content-Security-Policy", errorPolicy)
	w.Header().Del("Content-Length")
	w.ResponseWriter.WriteHeader(w.status)
	_ = errorPage.Execute(w.ResponseWriter, view) // the caller may have gone away
}
