package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"stoa/gateway/edge/request"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
	"stoa/test/kong"
)

// This test runs the program and speaks to it as Kong does: the PDK's own test environment does not start it.
func TestProgram_speaksKongsProtocol(t *testing.T) {
	binary := kong.Build(t)
	t.Run("says what it is", func(t *testing.T) { testDump(t, binary) })
	t.Run("serves", func(t *testing.T) { testServing(t, binary) })
}

func testDump(t *testing.T, binary string) {
	out := must.Get(kong.Program(t, binary, "", "-dump").Output())(t)
	var got struct {
		Protocol, SocketPath string
		Plugins              []struct {
			Name, Version string
			Priority      int
			Phases        []string
		}
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	if got.Protocol != "ProtoBuf:1" || got.SocketPath != binary+".socket" || len(got.Plugins) != 1 {
		t.Fatalf("got %s", out)
	}
	p := got.Plugins[0]
	if p.Name != "stoa-api-key" || p.Priority != priority || !slices.Equal(p.Phases, []string{"access"}) {
		t.Errorf("got %+v", p)
	}
}

func testServing(t *testing.T, binary string) {
	auth := httptest.NewServer(web.MarkAnswers(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(request.KeyHeader) != shopKey || r.Header.Get(tokenHeader) != "sidecar" {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"kind": "forbidden", "status": 403, "detail": "this API key is not valid"}`)
			return
		}
		_, _ = io.WriteString(w, `{"keyId": "k1", "permissions": ["shop:read"]}`)
	})))
	defer auth.Close()
	k := kong.Start(t, binary, "sidecar")
	use := must.Get(k.Use(fmt.Appendf(nil, `{"verification_urls": [%q], "permission": "shop", "__seq__": 7}`, auth.URL)))(t)
	for name, tt := range map[string]struct {
		method, target, key string
		want                int
	}{
		"a valid key":   {"GET", "/api/v1/products?limit=5", shopKey, 0},
		"no key":        {"GET", "/api/v1/products", "", 401},
		"unknown key":   {"GET", "/api/v1/products", "made-up", 403},
		"no permission": {"POST", "/api/v1/products", shopKey, 403},
		"not UTF-8":     {"GET", "/api/v1/products?cursor=\xff", shopKey, 400},
		"path trick":    {"GET", "/api/v1/products/%2e%2e/auth", shopKey, 404},
	} {
		headers := http.Header{"x-api-key": {tt.key}, "cookie": {"a=b"}}
		got, err := k.Access(use, kong.Request{Method: tt.method, Target: tt.target, Address: "10.1.2.3", Headers: headers})
		if err != nil || got.Status != tt.want {
			t.Errorf("%s: got %+v, %v, want %d", name, got, err, tt.want)
		}
		if tt.want == 0 {
			slices.Sort(got.Cleared)
			if !slices.Equal(got.Cleared, []string{"cookie", "x-api-key"}) || !slices.Equal(got.Set[tokenHeader], []string{"sidecar"}) {
				t.Errorf("%s: got %+v", name, got)
			}
		} else if got.Headers.Get("Content-Type") != web.ProblemType {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	if _, err := k.Use([]byte(`{"verification_urls": []}`)); err == nil {
		t.Error("settings without a URL are accepted")
	}
}
