package handlers_test

import (
	"net/http"
	"testing"

	"stoa/pkg/common/web/webtest"
)

func TestProducts_mayBeCachedForAMoment(t *testing.T) {
	f := newFront()
	p := f.add(t, "AMPHORA-1", "10")
	for _, path := range []string{"/products", "/products/" + p.ID} {
		read := webtest.Request{Path: "/api/v1" + path}
		first := f.Do(t, read).Expect(http.StatusOK).Header()
		if first.Get("Cache-Control") != "public, max-age=1" || first.Get("ETag") == "" {
			t.Errorf("%s: got %v", path, first)
		}
		read.Header = http.Header{"If-None-Match": {first.Get("ETag")}}
		f.Do(t, read).Expect(http.StatusNotModified)
		f.must(t, request{method: "POST", path: "/products/" + p.ID + "/stock", as: "staff", body: `{"change":1}`}, http.StatusOK)
		f.Do(t, read).Expect(http.StatusOK)
	}
}
