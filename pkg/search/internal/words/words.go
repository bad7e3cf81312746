// Package words finds the words of a text, as a search compares them: in lower case, without accents, and stemmed.
package words

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	segmenter "github.com/clipperhouse/uax29/v2/words"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// longest is how many bytes of a word are compared. No word of a language is longer, and links can be.
const longest = 64

// Word is a word of a text.
type Word struct {
	// Folded is the word in lower case, without accents.
	Folded string
	// Start and End are its place in the text, in bytes.
	Start, End int
}

// In yields the words of a text, in order, as Unicode separates them (UAX #29). Words have a letter or a digit.
func In(text string) iter.Seq[Word] {
	return func(yield func(Word) bool) {
		for tokens := segmenter.FromString(text); tokens.Next(); {
			token := tokens.Value()
			if !strings.ContainsFunc(token, isPart) {
				continue
			}
			folded := Fold(token)
			if folded != "" && !yield(Word{folded, tokens.Start(), tokens.End()}) {
				return
			}
		}
	}
}

func isPart(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

// Fold returns a text in lower case, without accents, and without white space around it. Of a long one it returns the
// beginning. What it returns is valid UTF-8 without control characters.
func Fold(text string) string {
	if strings.ContainsFunc(text, needsUnicode) {
		text = norm.NFKD.String(strings.ToValidUTF8(text, ""))
		text = cases.Fold().String(strings.Map(kept, text))
		text = norm.NFC.String(text)
	} else {
		text = strings.ToLower(text)
	}
	return strings.TrimSpace(cut(text))
}

func needsUnicode(r rune) bool { return r >= utf8.RuneSelf || unicode.IsControl(r) }

// accents are the marks that people leave out when they type. Other marks, as of Devanagari or Japanese, make another letter.
var accents = &unicode.RangeTable{R16: []unicode.Range16{
	{Lo: 0x0300, Hi: 0x036f, Stride: 1}, // of Latin, Greek and Cyrillic
	{Lo: 0x0591, Hi: 0x05bd, Stride: 1}, // points of Hebrew
	{Lo: 0x05bf, Hi: 0x05c7, Stride: 1},
	{Lo: 0x064b, Hi: 0x065f, Stride: 1}, // vowels of Arabic
	{Lo: 0x0670, Hi: 0x0670, Stride: 1},
}}

// kept drops accents and what nobody sees, such as soft hyphens, and makes a typographic apostrophe a plain one.
func kept(r rune) rune {
	switch {
	case r == '’':
		return '\''
	case unicode.IsControl(r) || unicode.In(r, unicode.Cf, accents):
		return -1
	}
	return r
}

// cut returns the beginning of a long word.
func cut(word string) string {
	if len(word) <= longest {
		return word
	}
	return strings.ToValidUTF8(word[:longest], "")
}
