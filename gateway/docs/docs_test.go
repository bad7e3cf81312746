package docs

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"stoa/api/openapi"
	"stoa/pkg/common/must"
)

func get(t *testing.T, path, ifNoneMatch string) *httptest.ResponseRecorder {
	t.Helper()
	handler := must.Get(New())(t)
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	request.Header.Set("If-None-Match", ifNoneMatch)
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer
}

func TestDocs_serveEveryFileInItsType(t *testing.T) {
	for path, want := range map[string]string{
		"/docs": "text/html; charset=utf-8", "/docs/docs.js": "text/javascript; charset=utf-8",
		"/docs/docs.css": "text/css; charset=utf-8", "/docs/icon.svg": "image/svg+xml",
		"/docs/openapi/order.json": "application/json",
	} {
		first := get(t, path, "")
		if first.Code != http.StatusOK || first.Header().Get("Content-Type") != want || first.Body.Len() == 0 ||
			!strings.HasPrefix(first.Header().Get("Content-Security-Policy"), "default-src 'none'; script-src 'self';") {
			t.Errorf("%s: got %d %v", path, first.Code, first.Header())
		}
		if again := get(t, path, first.Header().Get("ETag")); again.Code != http.StatusNotModified {
			t.Errorf("%s: got %d, want 304", path, again.Code)
		}
	}
	for _, path := range []string{"/docs/", "/docs/index.html", "/docs/page/docs.js", "/docs/openapi", "/docs/openapi/nobody.json"} {
		if got := get(t, path, ""); got.Code != http.StatusNotFound {
			t.Errorf("%s: got %d", path, got.Code)
		}
	}
}

func TestPage_namesEveryService(t *testing.T) {
	var got []string
	for _, match := range regexp.MustCompile(`data-spec="/docs/openapi/([a-z-]+)\.json"`).FindAllStringSubmatch(get(t, "/docs", "").Body.String(), -1) {
		got = append(got, match[1])
	}
	if want := openapi.Services(); len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// The page loads nothing from elsewhere.
func TestPage_refersOnlyToItsFiles(t *testing.T) {
	files := must.Get(load())(t)
	reference := regexp.MustCompile(`(?:src=|href=|from |url\()["']?([^"'#\s)>$]+)`)
	for name, f := range files {
		if strings.HasSuffix(name, ".json") {
			continue
		}
		for _, match := range reference.FindAllStringSubmatch(string(f.content), -1) {
			if _, ok := files[match[1]]; !ok {
				t.Errorf("%s refers to %s", name, match[1])
			}
		}
	}
}
