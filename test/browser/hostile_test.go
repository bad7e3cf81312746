package browser

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"stoa/internal/hostile"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// What readers get of posts and comments does nothing in a browser but show itself, whatever their authors have written.
func TestPosts_doNothingInABrowser(t *testing.T) {
	find(t)
	shop := client.Start(t, system.Folder(t), client.Only(t, "gateway", "auth", "blog"))
	author, editor := shop.SignIn(t, "author"), shop.SignIn(t, "editor")
	var pages []string
	for _, text := range postsOf(hostile.Texts) {
		pages = append(pages, publish(t, shop, author, editor, text))
	}
	t.Logf("%d texts in %d places make %d posts", len(hostile.Texts), len(hostile.Places), len(pages))
	pages = append(pages, comments(t, shop, shop.NewPost(t, author, editor).ID)...)
	got := show(t, pages)
	if len(got.Ran)+len(got.Wrong) > 0 {
		t.Errorf("ran were %q\nwrong are %q", got.Ran, got.Wrong)
	}
	if got.Articles != len(pages) || got.Links == 0 || got.Images == 0 {
		t.Errorf("the browser shows %d pages of %d, with %d links and %d images", got.Articles, len(pages), got.Links, got.Images)
	}
	for _, request := range got.requests {
		if request != "200 /" && (!strings.HasPrefix(request, "no answer: ") || !strings.HasSuffix(request, ":443")) {
			t.Errorf("the page asks for more than images over https: %s", request)
		}
	}
}

// The test above leans on what is noticed here.
func TestBrowser_noticesWhatATextDoes(t *testing.T) {
	got := show(t, []string{
		`<script>alert(1)</script>`, `<img src="x" onerror="alert(2)">`, `<p onclick="alert(3)">x</p>`, `<a href="javascript:alert(4)">x</a>`, `<a href="/x">x</a>`,
		`<img src="http://e.org/a.png">`, `<svg></svg>`, `<p style="color:red">x</p>`, `</article><p>x</p>`,
	})
	for _, want := range []string{
		"element: <script", "attribute onerror: <img", "attribute onclick: <p", `link: <a href="javascript`, `link: <a href="/x`, `image: <img src="http:`,
		"element: <svg", "attribute style: <p", "outside: <p",
	} {
		if !slices.ContainsFunc(got.Wrong, func(wrong string) bool { return strings.HasPrefix(wrong, want) }) {
			t.Errorf("it does not notice %s: %q", want, got.Wrong)
		}
	}
	for _, want := range []string{"1", "2", "3"} {
		if !slices.Contains(got.Ran, want) {
			t.Errorf("it does not notice that %s ran: %q", want, got.Ran)
		}
	}
	if got := show(t, []string{"<plaintext>", "<p>x</p>"}); got.Articles == 2 {
		t.Errorf("it does not notice that a text swallows the next: %+v", got)
	}
	if got := show(t, []string{`<p><a href="https://e.org">x</a> <a href="#section">y</a></p>`, "<p>x</p>"}); len(got.Ran)+len(got.Wrong) > 0 || got.Articles != 2 {
		t.Errorf("got %+v", got)
	}
}

// postsOf puts texts into all places, several into each post. What opens a block of code, which would hide all that follows,
// has a post of its own. No post takes the character U+0000.
func postsOf(texts []string) (posts []string) {
	const together = 8
	var post strings.Builder
	count := 0
	end := func() {
		if count > 0 {
			posts = append(posts, post.String())
		}
		post.Reset()
		count = 0
	}
	for _, text := range texts {
		if strings.Contains(text, "\x00") {
			continue
		}
		alone := strings.Contains(text, "```") || strings.Contains(text, "~~~")
		if alone || count == together {
			end()
		}
		for _, place := range sorted(hostile.Places) {
			fmt.Fprintf(&post, place+"\n\n", text)
		}
		if count++; alone {
			end()
		}
	}
	end()
	return posts
}

// sorted returns the values of a map, so that each run makes the same posts.
func sorted(places map[string]string) (formats []string) {
	for _, format := range places {
		formats = append(formats, format)
	}
	slices.Sort(formats)
	return formats
}

// publish has a text published, and returns what readers get.
func publish(t *testing.T, shop *client.Shop, author, editor client.User, text string) string {
	t.Helper()
	draft := client.DraftBy(author)
	draft.Body.(map[string]any)["text"] = text
	var post, read client.Post
	shop.Must(t, draft, http.StatusCreated, &post)
	shop.Must(t, client.ActOn(post.ID, "author/submit", author), http.StatusOK, nil)
	shop.Must(t, client.ActOn(post.ID, "editor/publish", editor), http.StatusOK, nil)
	shop.Must(t, client.Request{Method: "GET", Path: "/blog/id/" + post.ID}, http.StatusOK, &read)
	if read.HTML == "" {
		t.Errorf("nothing is left of %q", text)
	}
	return read.HTML
}

// comments has somebody comment with all texts, and returns what readers get.
func comments(t *testing.T, shop *client.Shop, post string) (pages []string) {
	t.Helper()
	const longest = 5000
	reader, text := shop.SignUp(t), ""
	say := func() {
		shop.Must(t, client.CommentOn(post, reader, text), http.StatusCreated, nil)
		text = ""
	}
	for _, attack := range hostile.Texts {
		if strings.Contains(attack, "\x00") {
			continue
		}
		if len(text)+len(attack)+2 > longest {
			say()
		}
		text += attack + "\n\n"
	}
	say()
	type comment struct{ HTML string }
	for _, c := range client.All[comment](t, shop, "/blog/id/"+post+"/comments", client.User{}) {
		pages = append(pages, c.HTML)
	}
	return pages
}

// shown is what a browser made of several pages in one document.
type shown struct {
	// Articles is how many pages stand in their places, and Links and Images how many they have.
	Articles, Links, Images int
	// Ran is what scripts of the pages said, and Wrong what could do something.
	Ran, Wrong []string
	requests   []string
}

// watch is a page that notices what others in it do. Each is there twice: as the browser reads it, and as it reads again what it
// wrote of it, as scripts do that put a text into a page.
const watch = `<!DOCTYPE html><meta charset="utf-8"><title>Texts</title><link rel="icon" href="data:,"><script>
const noted = {articles: 0, links: 0, images: 0, ran: [], wrong: []};
const note = () => { document.documentElement.dataset.noted = JSON.stringify(noted); };
window.alert = what => { noted.ran.push(String(what)); note(); };
const allowed = new Set(("p br hr em strong del code blockquote ul ol li table thead tbody tr th td h1 h2 h3 h4 h5 h6 sup div span pre a img").split(" "));
const names = new Set(["id", "class", "role", "rel", "href", "src", "alt", "title", "start", "align", "tabindex"]);
const look = e => {
	const wrong = why => noted.wrong.push(why + ": " + e.outerHTML.slice(0, 200));
	if (e.namespaceURI !== "http://www.w3.org/1999/xhtml" || !allowed.has(e.localName)) wrong("element");
	for (const a of e.attributes) if (!names.has(a.name)) wrong("attribute " + a.name);
	if (e.localName === "a" && e.hasAttribute("href")) {
		noted.links++;
		if (!e.getAttribute("href").startsWith("#") && (!["http:", "https:", "mailto:"].includes(e.protocol) || e.host === location.host)) wrong("link");
	}
	if (e.localName === "img" && e.hasAttribute("src")) {
		noted.images++;
		if (!e.src.startsWith("https://")) wrong("image");
	}
	for (const name of ["click", "mouseover", "focus", "load", "error", "toggle", "submit"]) e.dispatchEvent(new Event(name));
};
addEventListener("load", () => {
	const articles = document.querySelectorAll("body > article");
	noted.articles = articles.length;
	for (const a of articles) {
		const again = document.createElement("section");
		again.innerHTML = a.innerHTML;
		document.body.append(again);
	}
	for (const child of document.body.children) {
		if (!["article", "section"].includes(child.localName)) noted.wrong.push("outside: " + child.outerHTML.slice(0, 200));
	}
	for (const e of document.querySelectorAll("article *, section *")) look(e);
	note();
});
</script>`

// notes are what the page above has noticed, as the document has it in the end.
var notes = regexp.MustCompile(`<html[^>]* data-noted="([^"]*)"`)

// show opens pages, each in an article, in a browser.
func show(t *testing.T, pages []string) (s shown) {
	t.Helper()
	document := watch + "<article>" + strings.Join(pages, "</article>\n<article>") + "</article>"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(len(document)))
		_, _ = io.WriteString(w, document)
	}))
	defer server.Close()
	opened := open(t, server.URL+"/")
	found := notes.FindStringSubmatch(opened.dom)
	if found == nil {
		t.Fatalf("the page did not come to its end: %.2000s", opened.dom)
	}
	must.Do(t, json.Unmarshal([]byte(html.UnescapeString(found[1])), &s))
	s.requests = opened.requests
	return s
}
