package text

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// permitted are the elements and attributes that a page may have. It is written apart from the policy, so that a mistake in
// one of them shows.
var permitted = map[string]string{
	"p": "", "br": "", "hr": "", "em": "", "strong": "", "del": "", "code": "", "blockquote": "", "ul": "",
	"table": "", "thead": "", "tbody": "", "tr": "", "th": "align", "td": "align",
	"h1": "id", "h2": "id", "h3": "id", "h4": "id", "h5": "id", "h6": "id",
	"ol": "start", "li": "id", "sup": "id", "div": "class role", "span": "class", "pre": "class tabindex",
	"a": "href title rel class role", "img": "src alt title",
}

// wellFormed are the values that attributes may have.
var wellFormed = map[string]*regexp.Regexp{
	"align": regexp.MustCompile(`\A(left|center|right)\z`),
	"id":    regexp.MustCompile(`\A(section(-[a-z0-9_-]+)?|fn:[0-9]+|fnref[0-9]*:[0-9]+)\z`),
	"start": regexp.MustCompile(`\A[0-9]{1,9}\z`),
	"class": regexp.MustCompile(`\A(chroma|line|cl|[a-z][a-z0-9]{0,2}|footnotes|footnote-ref|footnote-backref)\z`),
	"role":  regexp.MustCompile(`\Adoc-(endnotes|noteref|backlink)\z`),
	"rel":   regexp.MustCompile(`\A(ugc nofollow noopener|nofollow)\z`),
}

// complaints are what is dangerous or unknown in a page, as a browser reads it, and as it reads what it has read again.
func complaints(page string) []string {
	found, again := complaintsOnce(page)
	if again != page {
		more, _ := complaintsOnce(again)
		found = append(found, more...)
	}
	return found
}

// complaintsOnce returns the page as a browser would write it, too.
func complaintsOnce(page string) (found []string, again string) {
	document, err := html.Parse(strings.NewReader("<!DOCTYPE html><body>" + page))
	if err != nil {
		return []string{err.Error()}, page
	}
	body, ids, inside := bodyOf(document), map[string]bool{}, 0
	if len(body.Attr) > 0 {
		found = append(found, "attributes of the body")
	}
	for n := range body.Descendants() {
		inside++
		found = append(found, wrong(n, ids)...)
	}
	if len(slices.Collect(document.Descendants()))-inside != 4 { // the document type, html, head and body
		found = append(found, "elements outside of the body")
	}
	var b strings.Builder
	for child := range body.ChildNodes() {
		_ = html.Render(&b, child)
	}
	return found, b.String()
}

func bodyOf(document *html.Node) *html.Node {
	for n := range document.Descendants() {
		if n.DataAtom == atom.Body {
			return n
		}
	}
	return nil
}

// wrong says what is wrong with one node.
func wrong(n *html.Node, ids map[string]bool) (found []string) {
	switch {
	case n.Type == html.TextNode:
		if strings.ContainsFunc(n.Data, func(c rune) bool { return c < ' ' && c != '\n' && c != '\t' }) {
			return []string{"a control character in a text"}
		}
		return nil
	case n.Type != html.ElementNode || n.Namespace != "":
		return []string{fmt.Sprintf("node %q of type %d in namespace %q", n.Data, n.Type, n.Namespace)}
	}
	attributes, ok := permitted[n.Data]
	if !ok {
		found = append(found, "element "+n.Data)
	}
	for _, a := range n.Attr {
		if a.Namespace != "" || !slices.Contains(strings.Fields(attributes), a.Key) {
			found = append(found, n.Data+" with "+a.Key)
		}
		if values := wellFormed[a.Key]; values != nil && !values.MatchString(a.Val) {
			found = append(found, fmt.Sprintf("%s with %s=%q", n.Data, a.Key, a.Val))
		}
		if a.Key == "id" && ids[a.Val] {
			found = append(found, "a second id "+a.Val)
		}
		ids[a.Val] = ids[a.Val] || a.Key == "id"
	}
	return append(found, wrongAddress(n)...)
}

// wrongAddress says what is wrong with the address of a link or image.
func wrongAddress(n *html.Node) []string {
	values := map[string]string{}
	for _, a := range n.Attr {
		values[a.Key] = a.Val
	}
	u, err := url.Parse(values["href"] + values["src"])
	control := strings.ContainsFunc(values["href"]+values["src"], func(c rune) bool { return c <= ' ' || c == 0x7f || c == '\\' })
	internal := err == nil && u.Scheme == "" && strings.HasPrefix(values["href"], "#")
	switch _, linked := values["href"]; {
	case n.Data != "a" && n.Data != "img" || n.Data == "a" && !linked:
		return nil
	case err != nil || control:
		return []string{fmt.Sprintf("address %q: %v", values["href"]+values["src"], err)}
	case n.Data == "img" && values["src"] != "" && u.Scheme != "https":
		return []string{"image at " + values["src"]}
	case n.Data == "a" && !internal && !slices.Contains([]string{"http", "https", "mailto"}, u.Scheme):
		return []string{"link to " + values["href"]}
	case n.Data == "a" && (u.Scheme == "http" || u.Scheme == "https") && !strings.Contains(values["rel"], "nofollow"):
		return []string{"link without rel to " + values["href"]}
	}
	return nil
}
