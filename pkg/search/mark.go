package search

import (
	"html"
	"strings"
	"unicode/utf8"

	"stoa/pkg/search/internal/words"
)

const (
	// maxMarked is how many bytes of a text are searched for the words of a query, and maxAround how many after the first of them.
	maxMarked = 64 << 10
	maxAround = 8 << 10
)

// Marker returns a function that returns an excerpt of the first of some plain texts that has a word of the query, as HTML: about size
// bytes, around the place with most of the words, which are in <mark>. Everything else is escaped. Where something is left out, there
// is "…". If no text has any of the words, it is the beginning of the first. The function remembers words: it is for one page, and one
// caller.
func (q Query) Marker(size int) func(texts ...string) string {
	p, err := parse(q)
	if err != nil {
		p = parsed{} // Find has refused this query
	}
	m := newMarker(p, size)
	return func(texts ...string) (marked string) {
		for i, text := range texts {
			excerpt, found := m.mark(text)
			if found {
				return excerpt
			}
			if i == 0 {
				marked = excerpt
			}
		}
		return marked
	}
}

// marker finds the words of a query in texts. The words have numbers.
type marker struct {
	terms  map[string]int
	prefix string // of the word open, or ""
	open   int
	words  int
	known  map[string]int // numbers of words of texts, notSearched for others
	size   int
}

const notSearched = -1

func newMarker(p parsed, size int) *marker {
	m := &marker{terms: map[string]int{}, known: map[string]int{}, size: max(size, 50)}
	for _, piece := range p.pieces {
		for _, w := range piece.words {
			m.add(w)
		}
	}
	return m
}

// add gives a number to a word, unless it has one.
func (m *marker) add(w word) {
	before := len(m.terms)
	for _, term := range w.terms {
		if _, known := m.terms[term]; !known {
			m.terms[term] = m.words
		}
	}
	if w.prefix != "" { // it is the last one
		m.prefix, m.open = w.prefix, m.words
	}
	if len(m.terms) > before || w.prefix != "" {
		m.words++
	}
}

// number returns the number of a word of a text.
func (m *marker) number(folded string) int {
	n, known := m.known[folded]
	if known {
		return n
	}
	n, searched := m.terms[wordTerm(words.Stem(folded))]
	switch {
	case searched:
	case m.prefix != "" && strings.HasPrefix(wordTerm(folded), m.prefix):
		n = m.open
	default:
		n = notSearched
	}
	m.known[folded] = n
	return n
}

// mark returns an excerpt of a text, and whether the text has a word of the query.
func (m *marker) mark(text string) (marked string, found bool) {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd")
	marks, from, to := m.excerpt(text)
	var b strings.Builder
	if from > 0 {
		b.WriteString("…")
	}
	at := from
	for _, s := range marks {
		if s.start < at || s.end > to {
			continue
		}
		b.WriteString(html.EscapeString(text[at:s.start]))
		b.WriteString("<mark>" + html.EscapeString(text[s.start:s.end]) + "</mark>")
		at = s.end
	}
	b.WriteString(html.EscapeString(text[at:to]))
	if to < len(text) {
		b.WriteString("…")
	}
	return b.String(), len(marks) > 0
}

// span is the place of a word of the query in a text.
type span struct{ start, end, word int }

// excerpt returns the part of a text that has most different words of the query, and the places of such words. It begins and ends
// between words.
func (m *marker) excerpt(text string) (marks []span, from, to int) {
	text = text[:boundary(text, maxMarked)]
	lead := m.size / 4 // some words before the first mark
	marks, best := m.marks(text, m.size-lead)
	if len(text) <= m.size {
		return marks, 0, len(text)
	}
	if len(marks) > 0 {
		from = marks[best].start - lead
	}
	from = max(0, min(from, len(text)-m.size))
	to = boundary(text, from+m.size)
	for _, s := range marks {
		if s.end <= from+m.size {
			to = max(to, s.end)
		}
	}
	return marks, boundary(text, from), to
}

// marks returns the places of the words of the query, and the first of those that are within width and have most different words. It
// stops where nothing better is to be expected.
func (m *marker) marks(text string, width int) (marks []span, best int) {
	var counts [maxWords]int // within width
	first, different, most := 0, 0, 0
	for found := range words.In(text) {
		enough := len(marks) > 0 && (most == m.words || found.Start > marks[0].start+maxAround)
		if enough && found.Start > marks[best].start+m.size {
			break
		}
		n := m.number(found.Folded)
		if n == notSearched {
			continue
		}
		marks = append(marks, span{found.Start, found.End, n})
		if counts[n]++; counts[n] == 1 {
			different++
		}
		for ; first < len(marks)-1 && found.End-marks[first].start > width; first++ {
			if word := marks[first].word; counts[word] > 1 {
				counts[word]--
			} else {
				counts[word], different = 0, different-1
			}
		}
		if different > most {
			best, most = first, different
		}
	}
	return marks, best
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
