package hostile

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"stoa/test/client"
)

// bench is the blog under attack: an author with a published post, and an editor.
type bench struct {
	author, editor client.User
	post           client.Post
}

func newBench(t *testing.T, w *world) bench {
	t.Helper()
	b := bench{author: w.SignIn(t, "author"), editor: w.SignIn(t, "editor")}
	b.post = w.NewPost(t, b.author, b.editor)
	return b
}

// writings are the operations of the blog that take a body.
func (b bench) writings(w *world) []writing {
	const blog = "/api/v1/blog"
	return []writing{
		{"a post", "POST", blog + "/author", b.author, object{"title": "A till that counts", "text": "Orders.", "tags": []string{"tills"}}},
		{"a draft", "PATCH", blog + "/author/id/" + b.post.ID, b.author, object{"text": "Twice."}},
		{"a comment", "POST", blog + "/id/" + b.post.ID + "/comments", w.bob, object{"text": "We count twice."}},
		{"a refusal", "PUT", blog + "/editor/refuse/id/" + b.post.ID, b.editor, object{"note": "Please say who counts."}},
	}
}

// blogAttacks are what nobody can mean who reads or writes a blog.
func blogAttacks(t *testing.T, w *world, b bench) []attack {
	t.Helper()
	refused := attack{want: []int{http.StatusUnprocessableEntity, http.StatusBadRequest}}
	draft := func(field string) func(any) string {
		return func(value any) string {
			return w.ask("POST", "/api/v1/blog/author", b.author).with(text(t, object{"title": "A till that counts", field: value})).String()
		}
	}
	addresses := map[string]any{
		"that is a script": "javascript:alert(1)", "that is a script in another case": "JaVaScRiPt:alert(1)", "that is data": "data:image/svg+xml,<svg onload=alert(1)>",
		"that is a file": "file:///etc/passwd", "without a scheme": "//evil.example/a.png", "that is a path": "/api/v1/auth/signout",
		"with a password": "https://admin:secret@e.org/a.png", "with a line": "https://e.org/a.png\r\nSet-Cookie: a=b", "with a tab": "java\tscript:alert(1)",
		"without a host": "https://", "with a zero": "https://e.org/\x00", "that is an object": object{"$ne": ""}, "of 3000 letters": "https://e.org/" + strings.Repeat("a", 3000),
	}
	cover, picture, tag, slug := refused, refused, refused, refused
	cover.field, picture.field, tag.field, slug.field = "imgUrl", "profilePicUrl", "tags[0]", "slug"
	all := each("a post with a cover", addresses, cover, draft("imgUrl"))
	all = append(all, each("a profile with a picture", addresses, picture, func(url any) string {
		return w.ask("PATCH", "/api/v1/auth/profile/mine", w.bob).with(text(t, object{"profilePicUrl": url})).String()
	})...)
	all = append(all, each("a post with a tag", map[string]any{
		"of no letter": []string{"<>"}, "of 51 letters": []string{strings.Repeat("a", 51)}, "that is a number": []any{1}, "that is null": []any{nil},
		"that is blank": []string{" "}, "that is a list": []any{[]string{"a"}},
	}, tag, draft("tags"))...)
	all = append(all, each("a post with a slug", map[string]any{
		"of punctuation": "?!", "of dots": "../..", "of 201 letters": strings.Repeat("a", 201), "of a smile": "😀", "that is a list": []string{"a"},
	}, slug, draft("slug"))...)
	return slices.Concat(all, b.readings(w), searchAttacks(w))
}

// searchAttacks are queries that nobody types. What can be read as words is searched for: TestSearch_survivesOddQueries.
func searchAttacks(w *world) []attack {
	refused := attack{want: []int{http.StatusUnprocessableEntity, http.StatusBadRequest}}
	odd := map[string]string{
		"of 10000 letters": "q=" + strings.Repeat("a", 10_000), "of 1000 letters in Hebrew": "q=" + strings.Repeat("%d7%90", 1000), "of 100 words": "q=" + strings.Repeat("x+", 100),
		"with a zero": "q=a%00b", "not in UTF-8": "q=%ff%fe", "of nothing": "q=", "without words": "limit=1", "twice": "q=a&q=b", "from elsewhere": "q=a&cursor=bm93aGVyZQ",
		"from the future": "q=a&cursor=eyJnIjo5OTk5OTk5LCJxIjoxfQ", "with a page below zero": "q=a&limit=-1", "with an operator": "q=a&sort=b",
	}
	var all []attack
	for name, path := range map[string]string{"a search for posts": "/api/v1/blog/search?", "a search for products": "/api/v1/products/search?"} {
		all = append(all, each(name, odd, refused, func(query string) string { return w.ask("GET", path+query, client.User{}).String() })...)
	}
	return all
}

// Queries of signs, of words that say nothing, in any script and direction, find what they find, and nothing breaks.
func TestSearch_survivesOddQueries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop)
	for name, query := range map[string]string{
		"operators": "%2B-%26%7C!()%7B%7D%5B%5D%5E~*?:%5C%22", "stop words": "the+and+of+to", "right to left": "%e2%80%ae%d7%a9%d7%9c%d7%95%d7%9d", "Arabic": "%d9%85%d8%b1%d8%ad%d8%a8%d8%a7",
		"signs of Japanese": "%e6%9d%b1%e4%ba%ac", "smileys": "%f0%9f%91%a9%e2%80%8d%f0%9f%91%a9", "spaces": "+++", "markup": "%3cmark%3e%3cscript%3e", "SQL": "'+OR+1=1--",
		"200 letters": strings.Repeat("a", 200), "an accent of its own": "%cc%81", "a key": "search-part:posts.1.0%7c%7cx",
	} {
		for _, path := range []string{"/api/v1/blog/search?q=", "/api/v1/products/search?q="} {
			answer := w.send(t, w.ask("GET", path+query, client.User{}).String())
			var page client.PageOf[struct{ Snippet string }]
			if answer.Status != http.StatusOK {
				t.Errorf("%s at %s: got %s", name, path, answer)
				continue
			}
			answer.Read(t, &page)
			for _, found := range page.Items {
				if strings.Contains(strings.NewReplacer("<mark>", "", "</mark>", "").Replace(found.Snippet), "<") {
					t.Errorf("%s at %s: got %q", name, path, found.Snippet)
				}
			}
		}
	}
}

// readings are addresses that lead nowhere, and say nothing of what they were asked for but that.
func (b bench) readings(w *world) []attack {
	nowhere := attack{
		want: []int{http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity}, check: leadsNowhere,
	}
	odd := map[string]string{
		"that adds a header": "a%0d%0aSet-Cookie:%20a=b", "that adds a line": "a%0aLocation:%20https:%2f%2fevil.example", "elsewhere": "%2f%2fevil.example",
		"elsewhere, backwards": "%5c%5cevil.example", "with a scheme": "https:evil.example", "above": "%2e%2e%2f%2e%2e", "with a query": "a%3fx=1%23y", "with a zero": "a%00",
		"of markup": "%3cscript%3ealert(1)%3c%2fscript%3e", "right to left": "%e2%80%ae-a", "of 300 letters": strings.Repeat("a", 300), "not in UTF-8": "%ff%fe",
	}
	var all []attack
	for name, where := range map[string][2]string{
		"a slug": {"/api/v1/blog/slug/", ""}, "a tag": {"/api/v1/blog/list/tag/", ""}, "a month": {"/api/v1/blog/list/month/", ""},
		"a feed of a tag": {"/blog/tags/", "/feed.atom"}, "a JSON feed of a tag": {"/blog/tags/", "/feed.json"}, "a feed of an author": {"/blog/authors/", "/feed.atom"},
	} {
		all = append(all, each(name, odd, nowhere, func(odd string) string {
			return w.ask("GET", where[0]+odd+where[1], client.User{}).String()
		})...)
	}
	return append(all, each("versions", map[string]string{
		"of any": "*", "that are weak": `W/"1"`, "of none": `""`, "of two": `"1", "2"`, "of words": `"x"`, "beyond integers": `"99999999999999999999"`, "without quotes": "1",
		"of a negative": `"-1"`, "of zero": `"0"`,
	}, attack{want: []int{http.StatusUnprocessableEntity, http.StatusPreconditionFailed}}, func(etag string) string {
		return w.ask("PATCH", "/api/v1/blog/author/id/"+b.post.ID, b.author, "If-Match: "+etag).with(`{"text":"Twice."}`).String()
	})...)
}

// leadsNowhere checks that an answer sends nobody anywhere.
func leadsNowhere(t *testing.T, answer client.Answer) {
	for _, name := range []string{"Location", "Set-Cookie", "Refresh", "Link"} {
		if value := answer.Header.Get(name); value != "" {
			t.Errorf("the answer has %s: %s", name, value)
		}
	}
}

// unharmed checks that nothing of the blog was written by what was refused.
func (b bench) unharmed(t *testing.T, w *world) {
	t.Helper()
	var own client.Post
	w.Must(t, client.Request{Method: "GET", Path: "/blog/author/id/" + b.post.ID, As: b.author}, http.StatusOK, &own)
	if own.Version != b.post.Version || own.Status != "published" {
		t.Errorf("the post was touched: %+v, before %+v", own, b.post)
	}
	if comments := client.All[client.Comment](t, w.Shop, "/blog/id/"+b.post.ID+"/comments", client.User{}); len(comments) > 0 {
		t.Errorf("there are comments now: %+v", comments)
	}
}

// Names, comments and titles of strangers are text wherever they appear, and no answer can be taken for a page.
func TestBlog_showsMarkupAsText(t *testing.T) {
	t.Parallel()
	const markup = `<img src=x onerror=alert(1)> "& </script>`
	w := newWorld(t, shop)
	author, editor := w.NewAuthor(t, w.admin), w.SignIn(t, "editor")
	draft := client.DraftBy(author)
	for field, value := range map[string]any{"title": "T " + markup, "description": markup, "text": markup, "tags": []string{markup[:20]}} {
		draft.Body.(object)[field] = value
	}
	var post client.Post
	w.Must(t, draft, http.StatusCreated, &post)
	w.Must(t, client.ActOn(post.ID, "author/submit", author), http.StatusOK, nil)
	w.Must(t, client.ActOn(post.ID, "editor/publish", editor), http.StatusOK, nil)
	w.Must(t, client.CommentOn(post.ID, w.bob, markup), http.StatusCreated, nil)
	for path, media := range map[string]string{
		"/api/v1/blog/id/" + post.ID: "application/json", "/api/v1/blog/list/author/" + author.ID: "application/json",
		"/api/v1/blog/id/" + post.ID + "/comments": "application/json", "/blog/authors/" + author.ID + "/feed.json": "application/feed+json",
		"/blog/authors/" + author.ID + "/feed.atom": "application/atom+xml",
	} {
		answer := w.send(t, w.ask("GET", path, client.User{}).String())
		if answer.Status != http.StatusOK || answer.Header.Get("Content-Type") != media || answer.Header.Get("X-Content-Type-Options") != "nosniff" ||
			!strings.Contains(answer.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: got %d %v", path, answer.Status, answer.Header)
		}
		shown := string(answer.Body)
		if media != "application/atom+xml" {
			var body struct {
				HTML  string
				Items []struct{ HTML string }
			}
			answer.Read(t, &body)
			shown = fmt.Sprint(body)
		}
		if strings.Contains(shown, "<img") || strings.Contains(shown, "</script") || !strings.Contains(string(answer.Body), "onerror") {
			t.Errorf("%s: got %s", path, answer.Body)
		}
	}
}
