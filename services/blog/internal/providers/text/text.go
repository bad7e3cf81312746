// Package text turns what people write into what readers get: Markdown into safe HTML, titles into slugs, two versions into
// their differences, and comments into paragraphs with links. Its functions are pure.
package text

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/yuin/goldmark/text"
)

// WordsPerMinute is how fast people read.
const WordsPerMinute = 200

// The limits of Render. What needs more than these is not written by people.
const (
	maxHTML    = 1 << 20 // bytes; 50,000 letters of prose make about 60 KB
	maxNesting = 30      // quotes, lists and footnotes within each other
	maxCells   = 20_000  // of all tables, with those that a short row leaves empty
	maxExcerpt = 200     // letters
)

// The errors of Render. Their texts follow the name of a field, and say what the author has to change.
var (
	ErrNesting = fmt.Errorf("must not nest quotes and lists deeper than %d levels", maxNesting)
	ErrCells   = fmt.Errorf("must not have tables of more than %d cells", maxCells)
	ErrHTML    = errors.New("must not repeat long links or footnotes so often: its HTML is over 1 MB")
)

// Article is what Render makes of a text.
type Article struct {
	// HTML is safe to show: it has only the elements, attributes and links of the package's policy.
	HTML string `json:"html"`
	// TOC is the table of contents: the headings that are shown at levels 2 to 4, in their order.
	TOC []Heading `json:"toc,omitempty"`
	// Words is the number of words.
	Words int `json:"words"`
	// ReadingTime is how many minutes it takes to read the text, at least 1.
	ReadingTime int `json:"readingTime"`
	// Excerpt is the beginning of the first paragraphs, as plain text of at most 200 letters.
	Excerpt string `json:"excerpt"`
	// Plain is the whole text without markup, on one line.
	Plain string `json:"plain"`
}

// Heading is one entry of a table of contents.
type Heading struct {
	// Level is 2, 3 or 4.
	Level int `json:"level"`
	// ID is the id of the heading in the HTML.
	ID string `json:"id"`
	// Text is the heading as plain text.
	Text string `json:"text"`
}

// Render makes an article of Markdown (CommonMark, and GitHub's tables, strikethrough and autolinks, and footnotes). HTML in
// the text is shown as it was typed. It is the caller's task to limit the length of the text. An error says what the author
// has to change.
func Render(markdown string) (Article, error) {
	if nestsTooDeep(markdown) {
		return Article{}, ErrNesting
	}
	source, tables, annotator := []byte(markdown), &tables{}, &annotator{}
	converter := newConverter(tables, annotator)
	document := converter.Parser().Parse(text.NewReader(source))
	switch {
	case tables.cells > maxCells:
		return Article{}, ErrCells
	case annotator.destinations > maxHTML:
		return Article{}, ErrHTML
	}
	var page limitedBuffer
	if err := converter.Renderer().Render(&page, source, document); err != nil {
		return Article{}, err
	}
	return read(sanitize(page.String())), nil
}

// limitedBuffer refuses what would make it larger than maxHTML.
type limitedBuffer struct{ bytes.Buffer }

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxHTML {
		return 0, ErrHTML
	}
	return b.Buffer.Write(p)
}
