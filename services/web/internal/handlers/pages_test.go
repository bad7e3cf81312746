package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
)

const productID = "0199c0de-0000-7000-8000-000000000001"

// What the services know.
var (
	product = object{
		"id": productID, "name": "Amphora <b>&</b>", "description": "Holds\nwine", "sku": "A-1", "available": 3,
		"price": object{"amount": 123450, "currency": "EUR"},
	}
	article = object{
		"id": productID, "slug": "why-we-count", "title": "Why we count", "description": "Twice.", "tags": []string{"C#"}, "readingTime": 2, "comments": 1,
		"author": object{"id": "a", "name": "Ada"}, "publishedAt": "2026-03-04T05:06:07Z", "html": "<p>Count <b>twice</b>.</p>",
	}
	all = map[string]any{
		"GET /api/v1/products":                           object{"items": []any{product}, "next": "1.2"},
		"GET /api/v1/products/search":                    object{"items": []any{product}},
		"GET /api/v1/products/" + productID:              product,
		"GET /api/v1/blog/list/latest":                   object{"items": []any{article}},
		"GET /api/v1/blog/search":                        object{"items": []any{}},
		"GET /api/v1/blog/slug/why-we-count":             article,
		"GET /api/v1/blog/slug/former":                   http.HandlerFunc(movedPost),
		"GET /api/v1/blog/slug/a b":                      errs.Invalid,
		"GET /api/v1/blog/list/similar/id/" + productID:  object{"items": []any{}},
		"GET /api/v1/blog/id/" + productID + "/comments": object{"items": []any{object{"id": "c1", "author": object{"name": "Bo"}, "html": "<p>Yes</p>", "createdAt": "2026-03-04T05:06:07Z"}, object{"id": "c2"}}},
	}
)

func movedPost(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Location", "/api/v1/blog/slug/why-we-count")
	w.WriteHeader(http.StatusMovedPermanently)
}

func TestPages_showWhatServicesHave(t *testing.T) {
	b := newWorld(t, all).browser()
	b.get(t, "/").shows(http.StatusOK, "Amphora &lt;b&gt;&amp;&lt;/b&gt;", "€1,234.50", "Why we count", "2 minutes", "1 comment", `href="/sign-in?then=%2f"`)
	b.get(t, "/products").shows(http.StatusOK, `href="/products/`+productID+`"`, `href="/products?cursor=1.2"`)
	b.get(t, "/products?q=%22%3Cx").shows(http.StatusOK, `value="&#34;&lt;x"`).hides("Show more")
	b.get(t, "/products/"+productID).shows(http.StatusOK, "Holds\nwine", "3 pieces in stock", "A-1")
	b.get(t, "/blog").shows(http.StatusOK, `href="/blog/why-we-count"`, `<time datetime="2026-03-04T05:06:07Z" data-form="date">4 Mar 2026</time>`)
	b.get(t, "/blog?q=x").shows(http.StatusOK, "No post has these words.")
	b.get(t, "/blog/why-we-count").shows(http.StatusOK, "<p>Count <b>twice</b>.</p>", `href="/blog/tags/C%23"`, "Bo", "This comment is not shown")
	if moved := b.get(t, "/blog/former"); moved.Code != http.StatusMovedPermanently || moved.Header().Get("Location") != "/blog/why-we-count" {
		t.Errorf("a former slug: got %d %v", moved.Code, moved.Header())
	}
}

func TestPages_haveTheReadersLocale(t *testing.T) {
	b := newWorld(t, all).browser()
	b.header.Set("Accept-Language", "de,en;q=0.9")
	b.get(t, "/products").shows(http.StatusOK, "1.234,50\u00a0€", `data-locale="de"`)
	b.get(t, "/blog").shows(http.StatusOK, "04.03.2026")
}

// A part whose service is down says so, and the rest of the page stands. Nobody keeps it.
func TestPages_standWithoutAService(t *testing.T) {
	w := newWorld(t, all)
	delete(w.answers, "GET /api/v1/blog/list/latest")
	b := w.browser()
	page := b.get(t, "/").shows(http.StatusOK, "Amphora", "This part cannot be shown right now.")
	if kept := page.Header().Get("Cache-Control"); kept != "private, no-store" {
		t.Errorf("it may be kept: %s", kept)
	}
	page = b.get(t, "/blog").shows(http.StatusServiceUnavailable, "This is not available right now", "Try again")
	if page.Header().Get("Retry-After") == "" {
		t.Error("it does not say when to try again")
	}
}

func TestPages_sayWhatIsWrong(t *testing.T) {
	w := newWorld(t, all)
	w.answers["GET /api/v1/products"] = errs.Internal
	b := w.browser()
	b.get(t, "/nothing").shows(http.StatusNotFound, "There is nothing here")
	b.get(t, "/blog/a%20b").shows(http.StatusNotFound)
	b.get(t, "/products").shows(http.StatusInternalServerError, "Something went wrong on our side")
	if got := b.post(t, "/products").shows(http.StatusMethodNotAllowed).Header().Get("Allow"); got != "GET, HEAD" {
		t.Errorf("Allow: got %q", got)
	}
	b.header.Set("Hx-Request", "true")
	b.header.Set("Hx-Request-Type", "partial")
	if header := b.get(t, "/nothing").Header(); header.Get("Hx-Push-Url") != "false" || header.Get("Hx-Retarget") != "#main" {
		t.Errorf("htmx puts the error into a part: %v", header)
	}
}

func TestPages_areKeptForGuestsOnly(t *testing.T) {
	b := newWorld(t, all).browser()
	guests := b.get(t, "/products")
	header := guests.Header()
	if header.Get("Cache-Control") != "public, max-age=0, s-maxage=2" || header.Get("Vary") != "Cookie, Accept-Language" || header.Get("Set-Cookie") != "" {
		t.Errorf("for guests: %v", header)
	}
	b.header.Set("If-None-Match", header.Get("ETag"))
	if again := b.get(t, "/products"); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("got %d %s", again.Code, again.Body)
	}
	b.signIn(t, "ada")
	if kept := b.get(t, "/products").shows(http.StatusOK, "Ada").Header().Get("Cache-Control"); kept != "private, no-store" {
		t.Errorf("for Ada: %s", kept)
	}
	if kept := b.get(t, "/sign-in").Header().Get("Cache-Control"); kept != "private, no-store" {
		t.Errorf("a form: %s", kept)
	}
}

func TestPages_keepBrowsersFromHarm(t *testing.T) {
	header := newWorld(t, all).browser().get(t, "/").Header()
	for name, want := range map[string]string{
		"Content-Security-Policy": "script-src 'self'", "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
	} {
		if got := header.Get(name); !strings.Contains(got, want) || strings.Contains(got, "unsafe") {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// No page needs what the policy forbids: code and styles within pages, and code in attributes.
func TestPages_haveNoCodeWithin(t *testing.T) {
	b := newWorld(t, all).browser().signIn(t, "adam")
	for _, path := range []string{"/", "/products", "/products/" + productID, "/blog", "/blog/why-we-count", "/sign-in", "/nothing"} {
		page := b.get(t, path)
		page.hides("<style", " style=", " onclick=", "hx-on", "javascript:", "ZgotmplZ", "http://")
		if size := page.Body.Len(); size > 100<<10 {
			t.Errorf("%s has %d bytes", path, size)
		}
	}
}

func TestStatic_isKeptForEver(t *testing.T) {
	b := newWorld(t, all).browser()
	page := b.get(t, "/").Body.String()
	for _, name := range []string{"app.css", "app.js", "icon.svg", "thirdparty/htmx.min.js", "thirdparty/hx-sse.min.js"} {
		end := strings.Index(page, "/"+name+`"`)
		if end < 0 {
			t.Fatalf("the page does not load %s", name)
		}
		path := page[strings.LastIndex(page[:end], `"`)+1:end] + "/" + name
		file := b.get(t, path)
		if file.Code != http.StatusOK || file.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" || file.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: got %d %v", path, file.Code, file.Header())
		}
	}
	if of := b.get(t, "/static/otherbuild/app.css"); of.Code != http.StatusOK || of.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("of another build: got %d %v", of.Code, of.Header())
	}
	b.get(t, "/static/x/thirdparty/manifest.jso").shows(http.StatusNotFound)
}
