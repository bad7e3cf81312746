package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// maxPages bounds a crawl: each kind of page is visited a few times, whatever the number of products and posts.
const maxPages = 150

// visited is a page of a crawl.
type visited struct {
	path string
	tree *html.Node
	size int
}

// form is a form of a page.
type form struct {
	action, method string
	fields         []field
}

type field struct{ name, kind, value string }

// typed reports whether people fill in something. A form that is only a button would be carried out.
func (f form) typed() bool {
	return slices.ContainsFunc(f.fields, func(f field) bool { return f.kind != "input hidden" && !strings.HasPrefix(f.kind, "button") })
}

// variable is what pages of the same kind differ in.
var variable = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|(cursor|email)=[^&]+|/blog/[^/?]+$|/blog/tags/[^/?]+|[0-9]{4}-[0-9]{2}`)

// crawl visits the pages that somebody can reach by links from the first one, a few of each kind.
func crawl(t *testing.T, browser *client.Browser) (pages []visited) {
	t.Helper()
	todo, from, kinds := []string{"/"}, map[string]string{"/": ""}, map[string]int{}
	for len(todo) > 0 && len(pages) < maxPages {
		path := todo[0]
		todo = todo[1:]
		kind := variable.ReplaceAllString(path, "*")
		if kinds[kind]++; kinds[kind] > 2 {
			continue
		}
		answer := browser.Get(t, path)
		if answer.Status == http.StatusNotFound {
			awaitNoLink(t, browser, from[path], path) // another test has just removed it
			continue
		}
		if answer.Status != http.StatusOK {
			t.Errorf("%s: got %s", path, answer)
			continue
		}
		page := visited{path, must.Get(html.Parse(bytes.NewReader(answer.Body)))(t), len(answer.Body)}
		pages = append(pages, page)
		for _, link := range page.links() {
			if _, seen := from[link]; !seen {
				from[link] = path
				todo = append(todo, link)
			}
		}
	}
	return pages
}

// awaitNoLink waits until a page does not lead any more to one that is not there.
func awaitNoLink(t *testing.T, browser *client.Browser, from, to string) {
	t.Helper()
	system.Eventually(t, from+" does not lead to "+to, func() error {
		answer := browser.Get(t, from)
		if page := (visited{tree: must.Get(html.Parse(bytes.NewReader(answer.Body)))(t)}); slices.Contains(page.links(), to) {
			return errors.New("it does")
		}
		return nil
	})
}

// all returns the elements with one of these tags.
func (p visited) all(tags ...string) (elements []*html.Node) {
	for n := range p.tree.Descendants() {
		if n.Type == html.ElementNode && slices.Contains(tags, n.Data) {
			elements = append(elements, n)
		}
	}
	return elements
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// links are the addresses of other pages. The API's documentation and files for programs are none.
func (p visited) links() (paths []string) {
	for _, a := range p.all("a") {
		u, err := url.Parse(attribute(a, "href"))
		if err != nil || u.Host != "" || u.Path == "" || has(a, "download") {
			continue
		}
		if strings.HasPrefix(u.Path, "/docs") || strings.Contains(u.Path, "/feed.") {
			continue
		}
		u.Fragment = ""
		paths = append(paths, u.String())
	}
	return paths
}

// forms are those of the page, except that which signs out.
func (p visited) forms() (forms []form) {
	for _, element := range p.all("form") {
		f := form{action: attribute(element, "action"), method: strings.ToUpper(attribute(element, "method"))}
		for n := range element.Descendants() {
			if n.Type != html.ElementNode || attribute(n, "name") == "" {
				continue
			}
			value := attribute(n, "value")
			if n.Data == "textarea" && n.FirstChild != nil {
				value = n.FirstChild.Data
			}
			kind := n.Data + " " + attribute(n, "type")
			if has(n, "readonly") {
				kind = "input hidden"
			}
			f.fields = append(f.fields, field{attribute(n, "name"), kind, value})
		}
		if f.action != "/sign-out" {
			forms = append(forms, f)
		}
	}
	return forms
}

// problems are what is wrong with a page for those who cannot see it, for slow lines, and for a browser that follows our policy.
func (p visited) problems() (wrong []string) {
	complain := func(is bool, format string, args ...any) {
		if is {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}
	complain(p.size > 100<<10, "it has %d bytes", p.size)
	complain(len(p.all("h1")) != 1, "it has %d headings of the first level", len(p.all("h1")))
	complain(len(p.all("style")) > 0, "it has styles within")
	taken := map[string]bool{}
	labelled := map[string]bool{}
	for _, label := range p.all("label") {
		labelled[attribute(label, "for")] = true
	}
	within := func(n *html.Node) bool {
		return slices.ContainsFunc(slices.Collect(n.Ancestors()), func(a *html.Node) bool { return a.Data == "label" })
	}
	for n := range p.tree.Descendants() {
		id := attribute(n, "id")
		complain(id != "" && taken[id], "the id %s is there twice", id)
		taken[id] = true
		for _, a := range n.Attr {
			complain(strings.HasPrefix(a.Key, "on") || a.Key == "style" || strings.HasPrefix(a.Key, "hx-on"), "%s has %s", n.Data, a.Key)
		}
	}
	for _, s := range p.all("script") {
		complain(!strings.HasPrefix(attribute(s, "src"), "/static/"), "it has a script that is not a file of ours")
	}
	for _, i := range p.all("img") {
		complain(!has(i, "alt"), "the picture %s has no alt", attribute(i, "src"))
	}
	for _, i := range p.all("input", "textarea", "select") {
		hidden := attribute(i, "type") == "hidden"
		complain(!hidden && !labelled[attribute(i, "id")] && attribute(i, "aria-label") == "" && !within(i), "the field %s has no label", attribute(i, "name"))
	}
	return wrong
}

// everybody returns a browser for each role.
func everybody(t *testing.T) map[string]*client.Browser {
	t.Helper()
	browsers := map[string]*client.Browser{"guest": shop.Browser(t)}
	for role, user := range oneOfEach(t) {
		browsers[role] = shop.Browser(t)
		browsers[role].SignIn(t, user.Email, client.Password)
	}
	return browsers
}

// oneOfEach signs up somebody for each role. Those who were there first are signed in by all tests, and no account has any number of
// sessions.
func oneOfEach(t *testing.T) map[string]client.User {
	t.Helper()
	users, admin := map[string]client.User{}, shop.SignIn(t, "admin")
	for _, role := range []string{"customer", "author", "editor", "staff", "admin"} {
		users[role] = shop.SignUp(t)
		if role != "customer" {
			shop.Give(t, admin, users[role], strings.ToUpper(role))
		}
	}
	return users
}

// Every page that somebody can reach is whole, and fit for everybody.
func TestPages_areFitForEverybody(t *testing.T) {
	t.Parallel()
	shop.NewProduct(t, shop.SignIn(t, "staff"), 3)
	for role, browser := range everybody(t) {
		pages := crawl(t, browser)
		if len(pages) < 5 {
			t.Errorf("%s reaches only %d pages", role, len(pages))
		}
		for _, page := range pages {
			for _, wrong := range page.problems() {
				t.Errorf("%s, %s: %s", role, page.path, wrong)
			}
		}
		t.Logf("%s reaches %d pages", role, len(pages))
	}
}

// hostile are values for a field, by what they are.
var hostile = map[string]string{
	"nothing":   "",
	"a script":  `"><script>alert(1)</script><img src=x onerror=alert(1)>`,
	"much":      strings.Repeat("x", 200_000),
	"too much":  strings.Repeat("x", 1<<20),
	"a number":  "-99999999999999999999",
	"an id":     "00000000-0000-7000-8000-000000000000",
	"odd signs": "\u202e\u0000\x7f\r\nSet-Cookie: a=b",
}

// Every form takes anything: it is refused with a page, and nothing that was sent becomes a part of a page.
func TestForms_takeAnything(t *testing.T) {
	t.Parallel()
	for role, browser := range everybody(t) {
		sent := map[string]bool{}
		for _, page := range crawl(t, browser) {
			for _, f := range page.forms() {
				kind := f.method + variable.ReplaceAllString(f.action, "*")
				// A form to delete an account is carried out, whatever is sent with it.
				if f.method != http.MethodPost || sent[kind] || !f.typed() || strings.HasPrefix(kind, "POST/admin/users/*/delete") {
					continue
				}
				sent[kind] = true
				for what, value := range hostile {
					sendHostile(t, browser, f, role+", "+page.path+", "+what, value)
				}
			}
		}
	}
}

// sendHostile sends a form with this value in all fields that people fill in.
func sendHostile(t *testing.T, browser *client.Browser, f form, name, value string) {
	t.Helper()
	var values []string
	for _, field := range f.fields {
		if field.kind == "input hidden" {
			values = append(values, field.name, field.value)
		} else {
			values = append(values, field.name, value)
		}
	}
	answer := browser.Post(t, f.action, values...)
	media := answer.Header.Get("Content-Type")
	switch {
	case answer.Status == http.StatusSeeOther:
	case answer.Status >= http.StatusInternalServerError, !strings.HasPrefix(media, "text/html"):
		t.Errorf("%s: %s: got %d %s", name, f.action, answer.Status, media)
	case bytes.Contains(answer.Body, []byte("<script>alert")), bytes.Contains(answer.Body, []byte("<img src=x")):
		t.Errorf("%s: %s: what was sent is a part of the page", name, f.action)
	}
	if answer.Header.Get("Set-Cookie") == "a=b" {
		t.Errorf("%s: %s: it set a cookie", name, f.action)
	}
}
