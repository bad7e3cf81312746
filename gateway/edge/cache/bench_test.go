package cache

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"stoa/pkg/common/must"
)

// What a read costs that is answered from memory, beside one that passes by to a service next door, which has no sidecars
// on its way and no store behind it.
func BenchmarkRead(b *testing.B) {
	body := `{"items":[` + strings.Repeat(`{"name":"Amphora"},`, 400) + `{}]}`
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "public, max-age=86400")
		w.Header().Set("ETag", `"v1"`)
		_, _ = w.Write([]byte(body))
	}))
	defer upstream.Close()
	address := must.Get(url.Parse(upstream.URL))(b)
	handler := before(New(), "products", httputil.NewSingleHostReverseProxy(address))
	get(b, handler, "/products?limit=20")

	for name, headers := range map[string][]string{
		hit: nil, bypass: {"Cache-Control", "no-cache"}, "304": {"If-None-Match", `"v1"`},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				answer := get(b, handler, "/products?limit=20", headers...)
				if got := answer.Header().Get(statusHeader); got != name && answer.Code != http.StatusNotModified {
					b.Fatalf("got %s %d", got, answer.Code)
				}
			}
		})
	}
}
