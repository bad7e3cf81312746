package text

import (
	"html"
	"regexp"
	"strings"

	"mvdan.cc/xurls/v2"
)

// urls finds the addresses of web pages in plain text, without the punctuation that follows them.
var urls = func() *regexp.Regexp {
	found, _ := xurls.StrictMatchingScheme(`https?://`) // the only error is that of a wrong expression
	return found
}()

// gap is what separates paragraphs.
var gap = regexp.MustCompile(`\n[ \t]*(?:\n[ \t]*)+`)

// Comment makes safe HTML of plain text: paragraphs, line breaks, and links to the addresses in it.
func Comment(plain string) string {
	plain = strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(plain))
	if plain == "" {
		return ""
	}
	var b strings.Builder
	for _, paragraph := range gap.Split(plain, -1) {
		b.WriteString("<p>")
		linked(&b, paragraph)
		b.WriteString("</p>\n")
	}
	return sanitize(b.String())
}

// linked writes a paragraph with links.
func linked(b *strings.Builder, paragraph string) {
	escape := func(text string) string { return strings.ReplaceAll(html.EscapeString(text), "\n", "<br>\n") }
	at := 0
	for _, found := range urls.FindAllStringIndex(paragraph, -1) {
		if !leads(linkURL, []byte(paragraph[found[0]:found[1]])) {
			continue
		}
		url := html.EscapeString(paragraph[found[0]:found[1]])
		b.WriteString(escape(paragraph[at:found[0]]))
		b.WriteString(`<a href="` + url + `" rel="` + rel + `">` + url + `</a>`)
		at = found[1]
	}
	b.WriteString(escape(paragraph[at:]))
}
