package request

import (
	"crypto/tls"
	"net/http"
	"net/netip"
	"net/url"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
)

func TestCheckURL_refusesAmbiguousPaths(t *testing.T) {
	for target, want := range map[string]errs.Kind{
		"/api/v1/orders":                     "",
		"/api/v1/orders/x.y-z~1":             "",
		"/api/v1/products/gr%C3%BCner%20tee": "",
		"/api/v1/orders?limit=1&q=%2F..%23":  "",
		"/api/v1/orders/../auth":             errs.NotFound,
		"/api/v1/orders/%2e%2E/auth":         errs.NotFound,
		"/api/v1/orders/.%2e/auth":           errs.NotFound,
		"/api/v1/orders/./x":                 errs.NotFound,
		"/api/v1/orders//x":                  errs.NotFound,
		"/api/v1/orders/":                    errs.NotFound,
		"/api/v1/orders%2Fx":                 errs.NotFound,
		"/api/v1/orders/..%2f..%2fmetrics":   errs.NotFound,
		"/api/v1/orders/x%00":                errs.Malformed,
		"/api/v1/orders/x%0d%0aX-Evil:1":     errs.Malformed,
		"/api/v1/orders/x%7f":                errs.Malformed,
		"/api/v1/orders/%252e%252e":          errs.Malformed,
		"/api/v1/orders/%25252e":             errs.Malformed,
		"/api/v1/orders/x%3fadmin=1":         errs.Malformed,
		"/api/v1/orders/x%23":                errs.Malformed,
		"/api/v1/orders/..%5cauth":           errs.Malformed,
		"/api/v1/orders/x;v=1":               errs.Malformed,
		"/api/v1/orders/x%3bv=1":             errs.Malformed,
		"/api/v1/orders/%ff%fe":              errs.Malformed,
		"/api/v1/orders/%c0%ae%c0%ae":        errs.Malformed,
		"/api/v1/orders?limit=%zz":           errs.Malformed,
		"/api/v1/orders?a=1;b=2":             errs.Malformed,
		"/api/v1/orders?cursor=grün":         "",
		"/api/v1/orders?cursor=\xff":         errs.Malformed,
	} {
		u := must.Get(url.ParseRequestURI(target))(t)
		if got := errs.KindOf(CheckURL(u)); got != want {
			t.Errorf("%s: got %q, want %q", target, got, want)
		}
	}
}

func TestForwarded_takesOnlyListedHeaders(t *testing.T) {
	in := http.Header{
		"Accept": {"a"}, "Authorization": {"Bearer t"}, "Prefer": {"respond-async"}, "Dapr-App-Id": {"auth"}, "X-Api-Key": {"k"},
		"Cookie": {"c"}, "X-Forwarded-For": {"10.0.0.1"}, "Te": {"trailers"}, "Connection": {"close, prefer", "X-Hop"}, "X-Hop": {"1"},
	}
	out := Forwarded(&http.Request{Header: in, URL: &url.URL{Path: "/api/v1/orders"}}, false)
	if len(out) != 2 || out.Get("Accept") != "a" || out.Get("Authorization") != "Bearer t" {
		t.Errorf("got %v", out)
	}
	for name, want := range map[string]bool{"accept": true, "If-Match": true, "dapr-app-id": false, "x-api-key": false, "cookie": false} {
		if Forwards(name) != want {
			t.Errorf("%s: got %v", name, !want)
		}
	}
}

func TestForwarded_takesWhatBrowsersSendForTheirApp(t *testing.T) {
	in := http.Header{
		"Accept": {"text/html"}, "Cookie": {"stoa-session=1"}, "Origin": {"https://shop.example"}, "Sec-Fetch-Site": {"same-origin"},
		"Hx-Request": {"true"}, "Connection": {"Origin"}, "Referer": {"https://shop.example/a"}, "X-Forwarded-Host": {"evil.example"},
	}
	out := Forwarded(&http.Request{Header: in, URL: &url.URL{Path: "/cart"}}, true)
	if len(out) != 4 || out.Get("Cookie") == "" || out.Get("Sec-Fetch-Site") == "" || out.Get("Hx-Request") == "" {
		t.Errorf("got %v", out)
	}
}

func TestKeepOwnCookies_dropsThoseOfOtherPrograms(t *testing.T) {
	for sent, want := range map[string]string{
		"":                                "",
		"a=b":                             "",
		"stoa-session=1":                  "stoa-session=1",
		"a=b; stoa-cart=c; x=\xff; d=e":   "stoa-cart=c",
		"__Host-stoa-session=1; stoa-x=2": "__Host-stoa-session=1; stoa-x=2",
		"my-stoa-session=1; Stoa-x=2":     "",
	} {
		headers := http.Header{"Cookie": {sent}}
		if KeepOwnCookies(headers); headers.Get("Cookie") != want || want == "" && len(headers) > 0 {
			t.Errorf("%q: got %v, want %q", sent, headers, want)
		}
	}
}

func TestTidy_removesWhatSidecarsAdd(t *testing.T) {
	headers := http.Header{"Dapr-Http-Status": {"1"}, "Traceparent": {"1"}, "X-Request-Id": {"1"}, "Etag": {`"1"`}}
	if Tidy(headers); len(headers) != 1 || headers.Get("Etag") == "" {
		t.Errorf("got %v", headers)
	}
}

func TestProxies_findTheClient(t *testing.T) {
	var proxies Proxies
	must.Do(t, proxies.Decode("10.0.0.0/8, 2001:db8:1::/48,192.0.2.1"))
	for name, tt := range map[string]struct {
		peer      string
		forwarded []string
		want      string
	}{
		"straight":                     {"203.0.113.7:1", nil, "203.0.113.7"},
		"straight, forged":             {"203.0.113.7:1", []string{"10.0.0.1"}, "203.0.113.7"},
		"behind a proxy":               {"10.1.1.1:1", []string{"203.0.113.7"}, "203.0.113.7"},
		"behind a proxy, forged":       {"10.1.1.1:1", []string{"198.51.100.1, 203.0.113.7"}, "203.0.113.7"},
		"behind two":                   {"10.1.1.1:1", []string{"198.51.100.1, 203.0.113.7, 10.2.2.2"}, "203.0.113.7"},
		"behind two, in two lines":     {"10.1.1.1:1", []string{"198.51.100.1,203.0.113.7", "10.2.2.2"}, "203.0.113.7"},
		"a proxy itself":               {"10.1.1.1:1", nil, "10.1.1.1"},
		"from a proxy's network":       {"10.1.1.1:1", []string{"10.3.3.3"}, "10.3.3.3"},
		"unreadable":                   {"10.1.1.1:1", []string{"203.0.113.7, unknown"}, "10.1.1.1"},
		"unreadable further left":      {"10.1.1.1:1", []string{"unknown, 203.0.113.7"}, "203.0.113.7"},
		"a single address that is one": {"192.0.2.1:1", []string{"203.0.113.7"}, "203.0.113.7"},
		"IPv6":                         {"[2001:db8:1::1]:1", []string{"2001:db8:2::1"}, "2001:db8:2::1"},
		"IPv4 in IPv6":                 {"[::ffff:10.1.1.1]:1", []string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		"with a zone":                  {"[fe80::1%eth0]:1", nil, "fe80::1"},
	} {
		r := &http.Request{RemoteAddr: tt.peer, Header: http.Header{"X-Forwarded-For": tt.forwarded}}
		if got := proxies.Client(r).String(); got != tt.want {
			t.Errorf("%s: got %s, want %s", name, got, tt.want)
		}
	}
}

func TestProxies_areNetworks(t *testing.T) {
	for _, text := range []string{"proxy", "10.0.0.0/33", "10.0.0.0/8;10.1.0.0/16", "*"} {
		if err := new(Proxies).Decode(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	var none Proxies
	if err := none.Decode(""); err != nil || len(none) != 0 {
		t.Errorf("nothing: got %v, %v", none, err)
	}
}

func TestProxies_sayWhetherARequestIsSecure(t *testing.T) {
	proxies := Proxies{netip.MustParsePrefix("10.0.0.0/8")}
	https := http.Header{"X-Forwarded-Proto": {"https"}}
	for name, tt := range map[string]struct {
		request http.Request
		want    bool
	}{
		"plain":                {http.Request{RemoteAddr: "203.0.113.7:1"}, false},
		"plain, forged":        {http.Request{RemoteAddr: "203.0.113.7:1", Header: https}, false},
		"TLS":                  {http.Request{RemoteAddr: "203.0.113.7:1", TLS: &tls.ConnectionState{}}, true},
		"proxy says so":        {http.Request{RemoteAddr: "10.1.1.1:1", Header: https}, true},
		"proxy says otherwise": {http.Request{RemoteAddr: "10.1.1.1:1", Header: http.Header{"X-Forwarded-Proto": {"http"}}}, false},
		"said twice":           {http.Request{RemoteAddr: "10.1.1.1:1", Header: http.Header{"X-Forwarded-Proto": {"https", "http"}}}, false},
	} {
		if got := proxies.Secure(&tt.request); got != tt.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
