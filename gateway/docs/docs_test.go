package docs

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"stoa/api/openapi"
	"stoa/internal/released"
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
		"/docs/thirdparty/swagger-ui-bundle.js": "text/javascript; charset=utf-8", "/docs/openapi/order.json": "application/json",
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
	for _, path := range []string{"/docs/", "/docs/index.html", "/docs/page/docs.js", "/docs/thirdparty", "/docs/openapi", "/docs/openapi/nobody.json"} {
		if got := get(t, path, ""); got.Code != http.StatusNotFound {
			t.Errorf("%s: got %d", path, got.Code)
		}
	}
}

func TestPage_namesEveryService(t *testing.T) {
	var got []string
	link := regexp.MustCompile(`href="/docs/openapi/([a-z-]+)\.json" data-service="([a-z-]+)"`)
	for _, match := range link.FindAllStringSubmatch(get(t, "/docs", "").Body.String(), -1) {
		if got = append(got, match[1]); match[1] != match[2] {
			t.Errorf("the description of %s is called that of %s", match[1], match[2])
		}
	}
	if want := openapi.Services(); len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// The page shows all services as one description: no two may have the same path, or the same name for an operation.
func TestDescriptions_canBeOne(t *testing.T) {
	paths, operations := map[string]string{}, map[string]string{}
	for _, service := range openapi.Services() {
		var description struct {
			Paths map[string]map[string]struct{ OperationID string }
		}
		must.Do(t, json.Unmarshal(must.Get(openapi.Description(service))(t), &description))
		for path, item := range description.Paths {
			if other := paths[path]; other != "" {
				t.Errorf("%s is a path of %s and of %s", path, other, service)
			}
			paths[path] = service
			for _, operation := range item {
				if other := operations[operation.OperationID]; other != "" || operation.OperationID == "" {
					t.Errorf("%q is an operation of %s and of %s", operation.OperationID, other, service)
				}
				operations[operation.OperationID] = service
			}
		}
	}
}

func TestThirdParty_isAsReleased(t *testing.T) { released.Check(t, page, "page/thirdparty") }

// The page loads nothing from elsewhere. What others have made is not read here: the policy holds for it too.
func TestPage_refersOnlyToItsFiles(t *testing.T) {
	files := must.Get(load())(t)
	reference := regexp.MustCompile(`(?:src=|href=|from |\burl\()["']?([^"'#\s)>$]+)`)
	for name, f := range files {
		if strings.HasSuffix(name, ".json") || strings.HasPrefix(name, "/docs/thirdparty/") {
			continue
		}
		for _, match := range reference.FindAllStringSubmatch(string(f.content), -1) {
			if _, ok := files[match[1]]; !ok {
				t.Errorf("%s refers to %s", name, match[1])
			}
		}
	}
}

// nginx serves the same files where Kong is the gateway, and has to say the same about them.
func TestKong_servesThePageWithTheSamePolicy(t *testing.T) {
	kong := string(must.Get(os.ReadFile("../../deploy/compose/kong/proxy.conf"))(t))
	for _, want := range []string{`"` + policy + `"`, "Cache-Control           no-cache"} {
		if !strings.Contains(kong, want) {
			t.Errorf("Kong does not say %s", want)
		}
	}
	for extension, mediaType := range mediaTypes {
		name, _, _ := strings.Cut(mediaType, ";")
		if line := regexp.MustCompile(regexp.QuoteMeta(name) + `\s+` + extension[1:] + ";"); !line.MatchString(kong) {
			t.Errorf("Kong does not serve %s as %s", extension, name)
		}
	}
}
