package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestProducts_mayBeCachedForAMoment(t *testing.T) {
	f := newFront(t)
	p := f.add(t, "AMPHORA-1", "10")
	read := func(path, etag string) *httptest.ResponseRecorder {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1"+path, nil)
		request.Header.Set("If-None-Match", etag)
		answer := httptest.NewRecorder()
		f.handler.ServeHTTP(answer, request)
		return answer
	}
	for _, path := range []string{"/products", "/products/" + p.ID} {
		first := read(path, "")
		etag := first.Header().Get("ETag")
		if first.Code != http.StatusOK || first.Header().Get("Cache-Control") != "public, max-age=1" || etag == "" {
			t.Errorf("%s: got %d %v", path, first.Code, first.Header())
		}
		if again := read(path, etag); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
			t.Errorf("%s: got %d %s, want 304 and no body", path, again.Code, again.Body)
		}
		change := request{method: "POST", path: "/products/" + p.ID + "/stock", as: "staff", body: `{"change":1}`}
		f.must(t, change, http.StatusOK)
		if changed := read(path, etag); changed.Code != http.StatusOK {
			t.Errorf("%s: got %d after a change of stock", path, changed.Code)
		}
	}
}
