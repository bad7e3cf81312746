package text

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"github.com/microcosm-cc/bluemonday"
)

// rel marks the links of users for search engines, and gives the page behind a link no hold on ours.
const rel = "ugc nofollow noopener"

// The addresses that are allowed. None has a space or a control character, which browsers skip and others do not.
var (
	linkURL  = regexp.MustCompile(`^(?i:https?://|mailto:)[^\x00-\x20\x7f\\]+$`)
	imageURL = regexp.MustCompile(`^(?i:https://)[^\x00-\x20\x7f\\]+$`)
	fragment = regexp.MustCompile(`^#[^\x00-\x20\x7f]*$`)
)

// leads reports whether an address is of a permitted form, and can be parsed. One with a name or password before the host is not:
// it looks like the address of another site.
func leads(to *regexp.Regexp, address []byte) bool {
	parsed, err := url.Parse(string(address))
	return err == nil && parsed.User == nil && to.Match(address)
}

// policy allows what Render makes, and nothing else. It is the second wall: the first is that Render makes no other HTML.
var policy = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "em", "strong", "del", "code", "pre", "blockquote",
		"ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "sup", "div", "span")
	attribute := func(name, values string, elements ...string) {
		p.AllowAttrs(name).Matching(regexp.MustCompile(`^(?:` + values + `)$`)).OnElements(elements...)
	}
	attribute("id", `section(?:-[a-z0-9_-]+)?`, "h1", "h2", "h3", "h4", "h5", "h6")
	attribute("id", `fn(?:ref\d*)?:\d+`, "li", "sup")
	attribute("class", `footnotes`, "div")
	attribute("class", `footnote-(?:ref|backref)`, "a")
	attribute("role", `doc-(?:endnotes|noteref|backlink)`, "a", "div")
	attribute("class", `chroma`, "pre")
	attribute("tabindex", `0`, "pre") // long lines scroll, by keyboard too
	attribute("class", `line|cl|[a-z][a-z0-9]{0,2}`, "span")
	attribute("start", `\d{1,9}`, "ol")
	attribute("align", `left|center|right`, "th", "td")
	attribute("rel", rel, "a")

	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowRelativeURLs(true)
	p.AllowAttrs("href").Matching(linkURL).OnElements("a")
	p.AllowAttrs("href").Matching(fragment).OnElements("a")
	p.AllowAttrs("src").Matching(imageURL).OnElements("img")
	p.AllowAttrs("alt", "title").OnElements("img")
	p.AllowAttrs("title").OnElements("a")
	p.RequireNoFollowOnFullyQualifiedLinks(true)
	return p
}()

// sanitize returns what the policy allows, without the control characters that HTML and XML forbid, and that entities make, and
// without those that turn the direction of what follows: they make an address look like another one.
func sanitize(page string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\t' && c != '\n' || c >= '\u202a' && c <= '\u202e' {
			return -1
		}
		return c
	}, policy.Sanitize(page))
}
