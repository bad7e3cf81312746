package handlers_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/services/blog/internal/domain"
)

const (
	atomSpace    = "http://www.w3.org/2005/Atom"
	sitemapSpace = "http://www.sitemaps.org/schemas/sitemap/0.9"
)

// fetch reads something without an API key or sign-in. Its path begins below /blog.
func (w *world) fetch(t *testing.T, path string, header ...string) *webtest.Answer {
	t.Helper()
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return w.Do(t, webtest.Request{Method: "GET", Path: "/blog" + path, Header: h})
}

// atom returns a valid Atom feed.
func (w *world) atom(t *testing.T, path string) element {
	t.Helper()
	answer := w.fetch(t, path+"/feed.atom").Expect(http.StatusOK)
	if media := answer.Header().Get("Content-Type"); media != "application/atom+xml" {
		t.Errorf("%s: got %s", path, media)
	}
	feed, err := validate(answer.Body.Bytes(), atomSpace, "feed", atomRules)
	if err != nil {
		t.Fatalf("%s: %v in\n%s", path, err, answer.Body)
	}
	return feed
}

// titlesOf returns the titles of the entries of a valid Atom feed and of the JSON feed beside it, which are the same.
func (w *world) titlesOf(t *testing.T, path string) (titles []string) {
	t.Helper()
	for _, entry := range w.atom(t, path).all("entry") {
		titles = append(titles, entry.child("title"))
	}
	answer := w.fetch(t, path+"/feed.json").Expect(http.StatusOK)
	if media := answer.Header().Get("Content-Type"); media != "application/feed+json" {
		t.Errorf("%s: got %s", path, media)
	}
	feed, err := validateJSON(answer.Body.Bytes())
	if err != nil {
		t.Fatalf("%s: %v in\n%s", path, err, answer.Body)
	}
	var others []string
	for _, item := range feed["items"].([]any) {
		others = append(others, item.(map[string]any)["title"].(string))
	}
	if !slices.Equal(titles, others) {
		t.Errorf("%s: Atom has %v, JSON has %v", path, titles, others)
	}
	return titles
}

func TestFeeds_haveTheLatestPosts(t *testing.T) {
	must.HaveTime(t)
	w := newWorld(t)
	if got := w.titlesOf(t, ""); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	w.submitted(t, full("Waiting"))
	for n := range 25 {
		w.published(t, full(fmt.Sprint("Post ", n), "Go", []string{"Even", "C++"}[n%2]))
	}
	ada := "/authors/" + callers["ada"].ID
	for path, want := range map[string][]string{"": {"Post 24", "Post 23"}, "/tags/even": {"Post 24", "Post 22"}, "/tags/C++": {"Post 23", "Post 21"}, ada: {"Post 24", "Post 23"}} {
		if got := w.titlesOf(t, path); !slices.Equal(got[:2], want) || len(got) > 20 {
			t.Errorf("%s: got %v", path, got)
		}
	}
	for _, path := range []string{"/tags/unknown", "/authors/" + callers["ben"].ID, "/authors/" + ids.New()} {
		for _, form := range []string{"/feed.atom", "/feed.json"} {
			w.fetch(t, path+form).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
		}
	}
}

// Readers know a post and a feed by an id that never changes, whatever else does.
func TestFeeds_haveIDsThatNeverChange(t *testing.T) {
	w := newWorld(t)
	p := w.published(t, full("A title", "Go"))
	paths := []string{"", "/tags/go", "/authors/" + callers["ada"].ID}
	known := map[string]string{}
	for _, path := range paths {
		feed := w.atom(t, path)
		known[path] = feed.child("id")
		if entry := feed.all("entry")[0]; entry.child("id") != "urn:uuid:"+p.ID {
			t.Errorf("got %+v", entry)
		}
	}
	if known[""] == known["/tags/go"] || known["/tags/go"] == known[paths[2]] {
		t.Errorf("different feeds have the same id: %v", known)
	}
	w.do(t, "ada", "PATCH", "/author/id/"+p.ID, object{"title": "Another title", "slug": "another"})
	w.do(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil)
	w.do(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil)
	for _, path := range paths {
		feed := w.atom(t, path)
		entry := feed.all("entry")[0]
		if feed.child("id") != known[path] || entry.child("id") != "urn:uuid:"+p.ID || entry.child("title") != "Another title" ||
			!strings.HasSuffix(entry.all("link")[0].attr("href"), "/blog/another") {
			t.Errorf("%s: got %+v", path, feed)
		}
	}
	if other := newWorld(t).atom(t, "").child("id"); other == known[""] {
		t.Errorf("two blogs have the id %s", other)
	}
}

// What people write is text in feeds, whatever it looks like.
func TestFeeds_escapeWhatPeopleWrite(t *testing.T) {
	w := newWorld(t)
	title := `</title><script>alert("&amp;")</script> ]]> 𝔘 "quoted" & 'single'`
	body := full(title, "<b>&", "Ελλάδα?")
	body["text"] = "Bell \x07, escape \x1b, \ufffe and \x0b.\n\n<script>alert(1)</script>"
	body["imgUrl"] = "https://example.org/a.jpg?a=1&b=%22%3E"
	w.published(t, body)
	for _, path := range []string{"", "/tags/b", "/tags/%CE%B5%CE%BB%CE%BB%CE%AC%CE%B4%CE%B1", "/authors/" + callers["ada"].ID} {
		if got := w.titlesOf(t, path); !slices.Equal(got, []string{title}) {
			t.Errorf("%s: got %q", path, got)
		}
	}
	raw := w.fetch(t, "/feed.atom").Body.String()
	if strings.Contains(raw, "<script") || strings.ContainsFunc(raw, func(c rune) bool { return c < ' ' && c != '\n' && c != '\t' || c == 0xfffe }) {
		t.Errorf("got %s", raw)
	}
}

func TestFeeds_areConditional(t *testing.T) {
	w := newWorld(t)
	p := w.published(t, full("A title", "Go"))
	for _, path := range []string{"/feed.atom", "/feed.json", "/tags/go/feed.atom", "/tags/go/feed.json", "/authors/" + p.Author.ID + "/feed.atom", "/sitemap.xml"} {
		first := w.fetch(t, path).Expect(http.StatusOK)
		etag := first.Header().Get("ETag")
		if etag == "" || first.Header().Get("Cache-Control") != "public, max-age=1" {
			t.Errorf("%s: got %v", path, first.Header())
		}
		if at := first.Header().Get("Last-Modified"); path != "/sitemap.xml" && at != p.Published.RevisedAt.UTC().Format(http.TimeFormat) {
			t.Errorf("%s: got %v", path, first.Header())
		}
		if same := w.fetch(t, path, "If-None-Match", etag).Expect(http.StatusNotModified); same.Body.Len() > 0 {
			t.Errorf("%s: got %s", path, same.Body)
		}
	}
	etag := w.fetch(t, "/feed.atom").Header().Get("ETag")
	w.do(t, "edith", "PUT", "/editor/unpublish/id/"+p.ID, nil)
	w.fetch(t, "/feed.atom", "If-None-Match", etag).Expect(http.StatusOK)
}

func TestFeeds_followTheirTag(t *testing.T) {
	w := newWorld(t)
	w.published(t, full("A title", "Go"))
	w.begin(t, "PUT", "/editor/tags/Go", object{"name": "Café au lait"})
	w.turns(t, enough)
	for _, form := range []string{"/feed.atom", "/feed.json"} {
		moved := w.fetch(t, "/tags/go"+form).Expect(http.StatusMovedPermanently)
		if to := moved.Header().Get("Location"); to != "/blog/tags/CAF%C3%89-AU-LAIT"+form || moved.Body.Len() > 0 {
			t.Errorf("got %s with %s", to, moved.Body)
		}
	}
	if got := w.titlesOf(t, "/tags/caf%C3%A9-au-lait"); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}

// locations returns the addresses of a valid sitemap, or of its parts.
func (w *world) locations(t *testing.T, path, root string, rules map[string]rule) (all []string) {
	t.Helper()
	answer := w.fetch(t, path).Expect(http.StatusOK)
	document, err := validate(answer.Body.Bytes(), sitemapSpace, root, rules)
	if media := answer.Header().Get("Content-Type"); err != nil || media != "application/xml" {
		t.Fatalf("%s: %v in\n%s of %s", path, err, answer.Body, media)
	}
	for _, e := range document.Children {
		all = append(all, e.child("loc"))
	}
	return all
}

func TestSitemap_hasEveryPublishedPost(t *testing.T) {
	w := newWorld(t)
	if got := w.locations(t, "/sitemap.xml", "urlset", sitemapRules); !slices.Equal(got, []string{site.URL + "/blog"}) {
		t.Errorf("got %v", got)
	}
	w.published(t, full("One"))
	w.submitted(t, full("Waiting"))
	gone := w.published(t, full("Gone"))
	w.do(t, "edith", "PUT", "/editor/unpublish/id/"+gone.ID, nil)
	if got := w.locations(t, "/sitemap.xml", "urlset", sitemapRules); !slices.Equal(got, []string{site.URL + "/blog", site.URL + "/blog/one"}) {
		t.Errorf("got %v", got)
	}
}

// fill stores many published posts.
func (w *world) fill(t *testing.T, many int) {
	t.Helper()
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for n := range many {
		slug := fmt.Sprint("post-of-many-", n)
		must.Get(w.stores.Posts.Create(t.Context(), domain.Post{
			ID: ids.New(), AuthorID: callers["ada"].ID, Version: 1, Slugs: []string{slug},
			Published: &domain.Publication{Content: domain.Content{Title: slug, Slug: slug}, At: at, RevisedAt: at},
		}))(t)
	}
}

// A large blog has a sitemap in parts. However large it is, a request reads the posts of one.
func TestSitemap_hasParts(t *testing.T) {
	must.HaveTime(t)
	const many = 2345
	w := newWorld(t)
	w.fill(t, many)
	reads := 0
	w.states.Before = func(operation, key string) error {
		if operation == "get" && strings.HasPrefix(key, "post:") {
			reads++
		}
		return nil
	}
	parts := w.locations(t, "/sitemap.xml", "sitemapindex", indexRules)
	if len(parts) != 3 || reads > 0 {
		t.Fatalf("got %v with %d reads", parts, reads)
	}
	seen := map[string]bool{}
	for _, part := range parts {
		reads = 0
		for _, page := range w.locations(t, strings.TrimPrefix(part, site.URL+"/blog"), "urlset", sitemapRules) {
			seen[page] = true
		}
		if reads > 1000 {
			t.Errorf("%s: %d reads", part, reads)
		}
	}
	if len(seen) != many+1 {
		t.Errorf("the parts have %d pages", len(seen))
	}
	w.fetch(t, "/sitemap.xml?part=4").ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	for _, part := range []string{"0", "-1", "x", "50001"} {
		w.fetch(t, "/sitemap.xml?part="+part).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "part")
	}
}
