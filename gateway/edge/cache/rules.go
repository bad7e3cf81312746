package cache

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"stoa/pkg/common/web"
)

// personal are request headers whose answers may be for one caller, or only a part of the whole.
var personal = []string{"Authorization", "Cookie", "Range", "If-Match", "If-Unmodified-Since", "Upgrade"}

// serve reports whether a kept answer may serve a request.
func (rules Rules) serve(r *http.Request) bool {
	if !slices.Contains(rules.Methods, r.Method) || r.ContentLength != 0 || web.IsStream(r) {
		return false
	}
	for _, name := range personal {
		if len(r.Header.Values(name)) > 0 {
			return false
		}
	}
	asked := directivesOf(r.Header)
	return !asked.has("no-cache") && !asked.has("no-store") && asked["max-age"] != "0"
}

// keep returns for how long an answer may be shared, 0 for not at all: what the service says, less the answer's age.
func (rules Rules) keep(status int, header http.Header) time.Duration {
	said := directivesOf(header)
	media, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	switch {
	case status != http.StatusOK, !slices.Contains(rules.MediaTypes, media):
		return 0
	case !said.has("public"), said.has("private"), said.has("no-store"), said.has("no-cache"):
		return 0
	case len(header.Values("Set-Cookie")) > 0, len(header.Values("Trailer")) > 0, rules.varies(header):
		return 0
	}
	age, ok := said["s-maxage"]
	if !ok {
		age = said["max-age"]
	}
	return max(0, seconds(age)-seconds(header.Get("Age")))
}

// varying are the request headers that are part of the key.
func (rules Rules) varying() []string { return append([]string{"Accept"}, rules.Vary...) }

// varies reports whether an answer depends on request headers that are not part of the key.
func (rules Rules) varies(header http.Header) bool {
	known := rules.varying()
	for _, list := range header.Values("Vary") {
		for name := range strings.SplitSeq(list, ",") {
			if name = http.CanonicalHeaderKey(strings.TrimSpace(name)); name != "" && !slices.Contains(known, name) {
				return true
			}
		}
	}
	return false
}

// directives are those of Cache-Control, by their names in lower case.
type directives map[string]string

func (d directives) has(name string) bool { _, ok := d[name]; return ok }

// directivesOf reads the Cache-Control headers. Of a directive that comes twice, the first counts.
func directivesOf(header http.Header) directives {
	all := directives{}
	for _, list := range header.Values("Cache-Control") {
		for directive := range strings.SplitSeq(list, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
			if name = strings.ToLower(name); !all.has(name) {
				all[name] = strings.Trim(value, `"`)
			}
		}
	}
	return all
}

// seconds reads a number of seconds, 0 for any other text. It returns a day at most.
func seconds(number string) time.Duration {
	n, err := strconv.ParseUint(number, 10, 31)
	if err != nil {
		return 0
	}
	return min(time.Duration(n)*time.Second, 24*time.Hour)
}

// keyOf returns the key of requests that get the same answer. The order of query parameters makes no difference, that of the
// values of one does. A query that cannot be read has no key.
func (rules Rules) keyOf(route string, r *http.Request) (key string, ok bool) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "", false
	}
	parts := []string{route, r.URL.EscapedPath(), query.Encode()}
	for _, name := range rules.varying() {
		parts = append(parts, strings.Join(r.Header.Values(name), ","))
	}
	return strings.Join(parts, "\n"), true
}
