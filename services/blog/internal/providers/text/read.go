package text

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// read makes an article of the HTML of a text: what it says of the text is true of what readers see.
func read(page string) Article {
	r := reader{tokens: html.NewTokenizer(strings.NewReader(page))}
	for r.tokens.Next() != html.ErrorToken {
		r.take(r.tokens.Token())
	}
	words := countWords(r.all.String())
	excerpt := r.paragraphs.String()
	if strings.TrimSpace(excerpt) == "" {
		excerpt = r.all.String()
	}
	return Article{
		HTML: page, TOC: r.toc, Words: words, ReadingTime: max(1, (words+WordsPerMinute-1)/WordsPerMinute),
		Excerpt: Cut(excerpt, maxExcerpt), Plain: strings.Join(strings.Fields(r.all.String()), " "),
	}
}

// reader collects the text of a page.
type reader struct {
	tokens          *html.Tokenizer
	toc             []Heading
	all, paragraphs strings.Builder
	heading         *Heading // that is being read
	paragraph       bool
	skipping        bool // the number of a footnote, or the way back from it
	footnotes       bool
}

func (r *reader) take(token html.Token) {
	switch {
	case token.Type == html.TextToken:
		r.text(token.Data)
	case token.Data == "sup":
		r.skipping = token.Type == html.StartTagToken
	case token.Data == "a" && token.Type == html.EndTagToken:
		r.skipping = false
	case token.Data == "a" && slices.Contains(token.Attr, backlink):
		r.skipping = true
	case token.Data == "p":
		r.paragraph = token.Type == html.StartTagToken
	case token.Data == "div":
		r.footnotes = true
	case token.Data == "h2" || token.Data == "h3" || token.Data == "h4":
		r.open(token)
	}
	if !inline[token.Data] && token.Type != html.TextToken {
		r.text(" ")
	}
}

// backlink marks the link from a footnote to where it is mentioned.
var backlink = html.Attribute{Key: "role", Val: "doc-backlink"}

// inline are the elements that can be within a word.
var inline = map[string]bool{"a": true, "code": true, "em": true, "strong": true, "del": true, "span": true, "sup": true}

func (r *reader) text(data string) {
	if r.skipping {
		return
	}
	r.all.WriteString(data)
	if r.paragraph && !r.footnotes && r.paragraphs.Len() < 8*maxExcerpt || data == " " {
		r.paragraphs.WriteString(data)
	}
	if r.heading != nil {
		r.heading.Text += data
	}
}

// open begins or ends a heading of the table of contents.
func (r *reader) open(token html.Token) {
	if token.Type == html.EndTagToken && r.heading != nil {
		r.heading.Text = strings.Join(strings.Fields(r.heading.Text), " ")
		if r.heading.Text != "" {
			r.toc = append(r.toc, *r.heading)
		}
		r.heading = nil
		return
	}
	r.heading = &Heading{Level: int(token.Data[1] - '0')}
	for _, a := range token.Attr {
		if a.Key == "id" {
			r.heading.ID = a.Val
		}
	}
}

// word is a word with the spaces that follow it. In Chinese and Japanese, which put no spaces between words, it is one sign.
var word = regexp.MustCompile(`[\p{Han}\p{Hiragana}\p{Katakana}]\s*|[^\s\p{Han}\p{Hiragana}\p{Katakana}]+\s*|\s+`)

var spoken = regexp.MustCompile(`[\pL\pN]`)

func countWords(text string) (n int) {
	for _, w := range word.FindAllString(text, -1) {
		if spoken.MatchString(w) {
			n++
		}
	}
	return n
}

// Cut returns a text on one line, of at most so many letters: a longer one ends after a word, with an ellipsis.
func Cut(text string, letters int) string {
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) <= letters {
		return text
	}
	text = string([]rune(text)[:letters-1])
	if space := strings.LastIndexByte(text, ' '); space > len(text)/2 {
		text = text[:space]
	}
	return strings.TrimRight(text, " ,;:") + "…"
}
