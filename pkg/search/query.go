package search

import (
	"slices"
	"strings"
	"unicode/utf8"

	"stoa/pkg/common/errs"
	"stoa/pkg/search/internal/words"
)

const (
	// maxText is the length of a query in characters, and maxWords how many words it has.
	maxText  = 200
	maxWords = 16
	// minPrefix is from how many bytes on the last word may go on.
	minPrefix = 2
)

// Query is what somebody searches for.
type Query struct {
	// Text has the words that a document must have, all of them. The last one may be the beginning of a word. Signs separate words.
	Text string
	// Tag, if there is one, is a tag that a document must have.
	Tag string
	// Cursor is where the page begins, "" for the first one. Limit is how many documents it has at most.
	Cursor string
	Limit  int
}

// parsed is a query as the index understands it. Documents must match every piece.
type parsed struct {
	pieces []piece
	tag    string // a term, or ""
}

// piece is what is between two spaces. A document matches that has all of its words, or has it as a whole value.
type piece struct {
	words []word
	whole word
}

// word is found in a document that has one of its terms, or a term that begins with the prefix.
type word struct {
	terms  []string
	prefix string // "" for a word that does not go on
}

// parse reads a query. It fails with errs.Invalid for a text that nobody types. A query without words has no pieces.
func parse(q Query) (parsed, error) {
	switch {
	case !utf8.ValidString(q.Text) || strings.ContainsRune(q.Text, 0):
		return parsed{}, errs.InvalidField("q", "is not a text")
	case utf8.RuneCountInString(q.Text) > maxText:
		return parsed{}, errs.InvalidField("q", "has more than %d characters", maxText)
	case !utf8.ValidString(q.Tag) || utf8.RuneCountInString(q.Tag) > maxText:
		return parsed{}, errs.InvalidField("tag", "is not a tag")
	}
	p, count := parsed{}, 0
	if q.Tag != "" {
		p.tag = tagTerm(q.Tag)
	}
	fields := strings.Fields(q.Text)
	for i, field := range fields {
		last := i == len(fields)-1 && strings.HasSuffix(q.Text, field)
		next := parsePiece(field, last)
		if count += len(next.words); len(next.words) > 0 {
			p.pieces = append(p.pieces, next)
		}
	}
	if count > maxWords {
		return parsed{}, errs.InvalidField("q", "has more than %d words", maxWords)
	}
	return p, nil
}

// parsePiece reads what is between two spaces. The last piece of a query may go on.
func parsePiece(text string, last bool) (p piece) {
	for found := range words.In(text) {
		if !words.IsStop(found.Folded) {
			p.words = append(p.words, newWord(found.Folded, last && found.End == len(text)))
		}
	}
	whole := words.Fold(text)
	p.whole.terms = []string{wordTerm(whole)}
	if last && len(whole) >= minPrefix {
		p.whole.prefix = wordTerm(whole)
	}
	return p
}

// newWord returns a word that may go on.
func newWord(folded string, open bool) (w word) {
	stems := []string{words.Stem(folded)}
	if open && len(folded) >= minPrefix {
		stems, w.prefix = words.StemsOf(folded), wordTerm(folded)
	}
	for _, stem := range stems {
		w.terms = append(w.terms, wordTerm(stem))
	}
	return w
}

// all yields the words of a query, also those that are whole values.
func (p parsed) all(yield func(word) bool) {
	for _, piece := range p.pieces {
		for _, w := range append(slices.Clone(piece.words), piece.whole) {
			if !yield(w) {
				return
			}
		}
	}
}
