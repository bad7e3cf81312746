package search

import (
	"html"
	"strings"
	"unicode/utf8"

	"stoa/pkg/search/internal/words"
)

// maxMarked is how many bytes of a text are searched for the words of a query.
const maxMarked = 64 << 10

// Mark returns an excerpt of the first of these plain texts that has a word of the query, as HTML: about size bytes, around the place
// with most of the words, which are in <mark>. Everything else is escaped. Where something is left out, there is "…". If no text has
// any of the words, it is the beginning of the first.
func (q Query) Mark(size int, texts ...string) (marked string) {
	p, err := parse(q)
	if err != nil {
		p = parsed{} // Find has refused this query
	}
	for i, text := range texts {
		excerpt, found := p.mark(text, size)
		if found {
			return excerpt
		}
		if i == 0 {
			marked = excerpt
		}
	}
	return marked
}

// mark returns an excerpt of a text, and whether the text has a word of the query.
func (p parsed) mark(text string, size int) (marked string, found bool) {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd")
	read := text[:boundary(text, maxMarked)]
	marks := p.marks(read)
	from, to := excerpt(read, marks, size)
	var b strings.Builder
	if from > 0 {
		b.WriteString("…")
	}
	at := from
	for _, m := range marks {
		if m.start < at || m.end > to {
			continue
		}
		b.WriteString(html.EscapeString(text[at:m.start]))
		b.WriteString("<mark>" + html.EscapeString(text[m.start:m.end]) + "</mark>")
		at = m.end
	}
	b.WriteString(html.EscapeString(text[at:to]))
	if to < len(text) {
		b.WriteString("…")
	}
	return b.String(), len(marks) > 0
}

// span is the place of a word in a text that is searched.
type span struct {
	start, end int
	stem       string
}

func (p parsed) marks(text string) (marks []span) {
	known := stems{}
	for found := range words.In(text) {
		if stem := known.of(found.Folded); p.matches(found.Folded, stem) {
			marks = append(marks, span{found.Start, found.End, stem})
		}
	}
	return marks
}

// excerpt returns the part of a text that has most different words of those to be marked. It begins and ends between words.
func excerpt(text string, marks []span, size int) (from, to int) {
	if size = max(size, 50); len(text) <= size {
		return 0, len(text)
	}
	lead, most := size/4, 0 // some words before the first mark
	for i, m := range marks {
		different := map[string]bool{}
		for _, next := range marks[i:] {
			if next.end-m.start > size-lead {
				break
			}
			different[next.stem] = true
		}
		if len(different) > most {
			from, most = m.start-lead, len(different)
		}
	}
	from = max(0, min(from, len(text)-size))
	to = boundary(text, from+size)
	return boundary(text, from), to
}

// boundary returns where a word or a sign begins, at a place in a text or not far before it.
func boundary(text string, at int) int {
	if at >= len(text) {
		return len(text)
	}
	for at > 0 && !utf8.RuneStart(text[at]) {
		at--
	}
	const far = 40
	if space := strings.LastIndexByte(text[max(0, at-far):at], ' '); space >= 0 && at > 0 {
		return max(0, at-far) + space + 1
	}
	return at
}
