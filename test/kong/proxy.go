package kong

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"

	"stoa/gateway/declaration"
	table "stoa/gateway/kong"
)

// place is a route of kong.yml, with its use of the plugin.
type place struct {
	declaration.Route
	use    int32
	filter Filter
}

// Handler serves what kong.yml lets through, by way of the sidecar with this base URL, which is in kong.yml that of port
// 3600.
func (k *Kong) Handler(sidecar string) (http.Handler, error) {
	const written = "http://localhost:3600"
	routes, err := declaration.Parse(table.File, table.Table())
	if err != nil {
		return nil, err
	}
	filter, err := ReadFilter()
	if err != nil {
		return nil, err
	}
	var places []place
	for _, route := range routes {
		settings, err := json.Marshal(settingsOf(*route.Plugins.APIKey, written, sidecar))
		if err != nil {
			return nil, err
		}
		use, err := k.Use(settings)
		if err != nil {
			return nil, err
		}
		places = append(places, place{route, use, filter})
	}
	target, err := url.Parse(sidecar)
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { k.serve(w, r, places, target) }), nil
}

// settingsOf writes settings as Kong sends them.
func settingsOf(plugin declaration.APIKey, written, sidecar string) map[string]any {
	var urls []string
	for _, u := range plugin.VerificationURLs {
		urls = append(urls, strings.Replace(u, written, sidecar, 1))
	}
	return map[string]any{
		"verification_urls": urls, "timeout_ms": plugin.TimeoutMS, "cache_seconds": plugin.CacheSeconds,
		"permission": plugin.Permission, "limit_per_minute": plugin.LimitPerMinute, "anonymous": plugin.Anonymous,
		"browser": plugin.Browser,
	}
}

func (k *Kong) serve(w http.ResponseWriter, r *http.Request, places []place, sidecar *url.URL) {
	i := slices.IndexFunc(places, func(p place) bool {
		return p.Matches(r.URL.Path) && (len(p.Methods) == 0 || slices.Contains(p.Methods, r.Method))
	})
	if i < 0 {
		http.Error(w, `{"message":"no Route matched with those values"}`, http.StatusNotFound)
		return
	}
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	d, err := k.Access(places[i].use, Request{r.Method, r.RequestURI, address, r.Header})
	if err != nil {
		http.Error(w, fmt.Sprintf("the plugin: %v", err), http.StatusInternalServerError)
		return
	}
	for name, values := range d.Headers {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	if d.Status != 0 {
		w.WriteHeader(d.Status)
		_, _ = w.Write(d.Body)
		return
	}
	if end := places[i].Plugins.Termination; end != nil {
		w.Header().Set("Content-Type", end.ContentType)
		w.WriteHeader(end.StatusCode)
		_, _ = io.WriteString(w, end.Body)
		return
	}
	forward(places[i], sidecar, d).ServeHTTP(w, r)
}

// forward sends a request as Kong does: to the URL of the service and the whole path, with the headers that are left. The
// answer passes the filter.
func forward(p place, sidecar *url.URL, d Decision) http.Handler {
	service := *sidecar
	service.Path = "/v1.0/invoke/" + p.App + "/method"
	rewrite := func(r *httputil.ProxyRequest) {
		r.SetURL(&service)
		for _, name := range d.Cleared {
			r.Out.Header.Del(name)
		}
		for name, values := range d.Set {
			r.Out.Header[http.CanonicalHeaderKey(name)] = values
		}
		r.SetXForwarded() // nginx does so last
	}
	filter := func(answer *http.Response) error { return p.filter.Run(answer, "service") }
	return &httputil.ReverseProxy{Rewrite: rewrite, ModifyResponse: filter}
}
