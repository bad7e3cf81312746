package hostile

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"stoa/api/access"
	"stoa/pkg/common/must"
	"stoa/test/client"
)

// operations is what the services say that they do.
func operations(t *testing.T) []access.Operation {
	t.Helper()
	return must.Get(access.Operations())(t)
}

// refusedID are the statuses with which an id may be refused.
var refusedID = []int{http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusUnprocessableEntity}

// idAttacks puts odd ids into every operation that takes one, as somebody who may call it.
func idAttacks(t *testing.T, w *world) []attack {
	t.Helper()
	ids := map[string]string{
		"zero":                  "0",
		"minus one":             "-1",
		"null":                  "null",
		"undefined":             "undefined",
		"a wildcard":            "*",
		"every id":              "%2a",
		"blank":                 "%20",
		"dots":                  "...",
		"dots, encoded":         "%2e%2e%2e",
		"a store's key":         "order%7C%7Corder:" + w.order.ID,
		"another kind of thing": "account:" + w.alice.ID,
		"SQL":                   "'%20OR%20'1'='1",
		"more SQL":              w.order.ID + "';DROP%20TABLE%20state--",
		"a template":            "%7B%7B7*7%7D%7D",
		"markup":                "%3Cscript%3Ealert(1)%3C/script%3E",
		"in braces":             "%7B" + w.order.ID + "%7D",
		"with a blank after it": w.order.ID + "%20",
		"without its dashes":    strings.ReplaceAll(w.order.ID, "-", ""),
		"two ids":               w.order.ID + "," + w.product.ID,
		"in wide digits":        "%EF%BC%90%EF%BC%91",
		"right to left":         "%E2%80%AE" + w.order.ID,
		"a number of digits":    strings.Repeat("9", 400),
		"of 5000 letters":       strings.Repeat("a", 5000),
		"no UUID by one letter": w.order.ID[:35] + "g",
		"a nil id":              "00000000-0000-0000-0000-000000000000",
	}
	matrix := must.Get(access.Load())(t)
	people := map[access.Caller]client.User{"STAFF": w.staff, "ADMIN": w.admin, "AUTHOR": w.SignIn(t, "author"), "EDITOR": w.SignIn(t, "editor")}
	var all []attack
	for _, o := range operations(t) {
		if len(o.Parameters()) == 0 {
			continue
		}
		as := people["STAFF"]
		for caller, user := range people {
			if matrix[o.Service][o.ID].Outcome("STAFF", false) != access.Allowed && matrix[o.Service][o.ID].Outcome(caller, false) == access.Allowed {
				as = user
			}
		}
		want := refusedID
		if strings.HasPrefix(o.ID, "list-posts-by-") { // of a tag that no post has, or of an author who has none
			want = append(slices.Clone(refusedID), http.StatusOK)
		}
		if strings.HasPrefix(o.ID, "unfollow-") { // nobody follows it
			want = append(slices.Clone(refusedID), http.StatusNoContent)
		}
		all = append(all, each(o.ID+" of an id that is", ids, attack{want: want}, func(id string) string {
			request := w.ask(o.Method, o.Target(id), as)
			if o.Method != "GET" && o.Method != "DELETE" {
				request = request.with(bodyOf(t, w, o))
			}
			return request.String()
		})...)
	}
	return all
}

// bodyOf is a good body for an operation on one thing.
func bodyOf(t *testing.T, w *world, o access.Operation) string {
	t.Helper()
	for _, known := range writings(w) {
		if known.method == o.Method && strings.HasPrefix(known.target, "/api/v1/products/") && o.Target(w.product.ID) == known.target {
			return text(t, known.good)
		}
	}
	return ""
}

// queryAttacks puts odd values into the queries of lists.
func queryAttacks(w *world, b bench) []attack {
	queries := map[string]string{
		"of no entries":           "limit=0",
		"of less than none":       "limit=-1",
		"of 101 entries":          "limit=101",
		"of very many":            "limit=99999999999999999999",
		"of half an entry":        "limit=1.5",
		"of a power":              "limit=1e2",
		"of a word":               "limit=all",
		"of octal entries":        "limit=0x10",
		"of wide digits":          "limit=%EF%BC%91",
		"of an object":            "limit[$gt]=1",
		"of SQL":                  "limit=1;DROP%20TABLE%20state",
		"from a word":             "cursor=x",
		"from a path":             "cursor=../../accounts",
		"from a path, encoded":    "cursor=..%2f..%2faccounts",
		"from before the first":   "cursor=-1.-1",
		"from beyond integers":    "cursor=99999999999999999999.99999999999999999999",
		"from SQL":                "cursor='%20OR%201=1--",
		"from a zero":             "cursor=%00",
		"from letters of 4 kB":    "cursor=" + strings.Repeat("a", 4<<10),
		"from JSON":               "cursor=%7B%22page%22:0%7D",
		"from an object in code":  "cursor=rO0ABXNyABFqYXZhLnV0aWwuSGFzaE1hcA==",
		"not in UTF-8":            "cursor=%ff%fe",
		"not in UTF-8, as it is":  "cursor=\xff",
		"with a broken escape":    "cursor=%zz",
		"of another":              "userId=" + w.alice.ID,
		"of another customer":     "customerId=" + w.alice.ID,
		"with a filter":           "filter[status]=confirmed",
		"with all there is":       "all=true",
		"with fields":             "fields=*",
		"in another order":        "sort=password",
		"as somebody else":        "as=" + w.staff.ID,
		"with a name of 4 kB":     strings.Repeat("n", 4<<10) + "=1",
		"by another method":       "_method=DELETE",
		"with a prototype":        "__proto__[admin]=1",
		"with an API key":         "x-api-key=" + w.APIKey,
		"with a callback of ours": "callback=alert",
	}
	var all []attack
	refused := attack{want: []int{http.StatusBadRequest, http.StatusUnprocessableEntity}}
	for path, as := range map[string]client.User{
		"/api/v1/orders": w.staff, "/api/v1/products": w.staff, "/api/v1/notifications": w.staff, "/api/v1/backoffice/fulfilments": w.staff,
		"/api/v1/backoffice/dead-letters": w.staff, "/api/v1/blog/list/latest": w.staff, "/api/v1/blog/tags": {},
		"/api/v1/blog/list/author/" + b.author.ID: {}, "/api/v1/blog/id/" + b.post.ID + "/comments": {}, "/api/v1/blog/author/drafts": b.author,
		"/api/v1/blog/editor/submitted": b.editor, "/api/v1/blog/editor/reports": b.editor,
	} {
		wire := func(query string) string { return w.ask("GET", path+"?"+query, as).String() }
		all = append(all, each("list "+path, queries, refused, wire)...)
	}
	return all
}

// alike checks that two answers cannot be told from each other.
func alike(t *testing.T, a, b client.Answer) {
	t.Helper()
	if left, right := essence(a), essence(b); left != right {
		t.Errorf("two answers differ:\n%s\n%s", left, right)
	}
}

// essence is an answer without what is different in every answer.
func essence(a client.Answer) string {
	header := a.Header.Clone()
	for _, name := range []string{"Date", "X-Request-Id", "Ratelimit-Remaining", "Ratelimit-Reset", "X-Kong-Request-Id"} {
		header.Del(name)
	}
	body := string(a.Body)
	if before, rest, found := strings.Cut(body, `"traceId":"`); found {
		_, after, _ := strings.Cut(rest, `"`)
		body = before + after
	}
	return fmt.Sprint(a.Status, header, body)
}
