package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
)

func TestHasCurrent(t *testing.T) {
	tests := []struct {
		sent, etag string
		want       bool
	}{
		{`"a"`, `"a"`, true},
		{`W/"a"`, `"a"`, true},
		{`"a"`, `W/"a"`, true},
		{`"b", W/"a"`, `"a"`, true},
		{`"b","a"`, `"a"`, true},
		{`,, "b" ,"a"`, `"a"`, true},
		{`"x,"a"`, `"a"`, false},
		{`"a,b"`, `"a,b"`, true},
		{`"a,b"`, `"b"`, false},
		{" * ", `"a"`, true},
		{"*", "", false},
		{`"a"`, "", false},
		{"", `"a"`, false},
		{"a", `"a"`, false},
		{`"a`, `"a"`, false},
		{`"A"`, `"a"`, false},
	}
	for _, tt := range tests {
		if got := web.HasCurrent(tt.sent, tt.etag); got != tt.want {
			t.Errorf("If-None-Match %s, ETag %s: got %t", tt.sent, tt.etag, got)
		}
	}
}

func TestCacheable(t *testing.T) {
	name, failure := "vase", error(nil)
	router := web.NewRouter()
	api := web.NewAPI(router, "Things", "For tests.")
	huma.Register(api, web.Cacheable(time.Second, huma.Operation{OperationID: "show", Method: http.MethodGet, Path: "/thing"}),
		func(context.Context, *struct{}) (*output, error) {
			return &output{Body: map[string]string{"name": name}}, failure
		})
	handler := web.Wrap(router, zerolog.Nop())
	get := func(ifNoneMatch string) *httptest.ResponseRecorder {
		return ask(handler, http.MethodGet, "/thing", nil, "If-None-Match", ifNoneMatch)
	}

	first := get("")
	etag := first.Header().Get("ETag")
	if first.Code != http.StatusOK || first.Body.String() != `{"name":"vase"}`+"\n" || etag == "" ||
		first.Header().Get("Cache-Control") != "public, max-age=1" || first.Header().Get("Content-Type") != "application/json" {
		t.Errorf("got %d %v %s", first.Code, first.Header(), first.Body)
	}
	same := get(etag)
	if same.Code != http.StatusNotModified || same.Body.Len() > 0 || same.Header().Get("ETag") != etag ||
		same.Header().Get("Cache-Control") != "public, max-age=1" || same.Header().Get("Content-Type") != "" {
		t.Errorf("got %d %v %s", same.Code, same.Header(), same.Body)
	}
	name = "bowl"
	if changed := get(etag); changed.Code != http.StatusOK || changed.Header().Get("ETag") == etag {
		t.Errorf("got %d %v", changed.Code, changed.Header())
	}
	failure = errs.New(errs.NotFound, "there is no such thing")
	gone := get("*")
	if p := problemOf(t, gone); gone.Code != http.StatusNotFound || p.Kind != errs.NotFound ||
		gone.Header().Get("ETag") != "" || gone.Header().Get("Cache-Control") != "" {
		t.Errorf("got %d %v", gone.Code, gone.Header())
	}
}
