package text

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// marker is what opens a quote, an item of a list, or a footnote.
var marker = regexp.MustCompile(`^[ \t]*(?:>|[-+*][ \t]|\d{1,9}[.)][ \t]|\[\^[^\]\s]*\]:)`)

// nestsTooDeep reports whether a line is within more than maxNesting quotes, lists and footnotes, which take quadratic time.
// Each needs its marker in the line, or two columns of indentation.
func nestsTooDeep(markdown string) bool {
	for line := range strings.Lines(markdown) {
		indented := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		level := (len(indented) + 3*strings.Count(indented, "\t")) / 2
		for at := marker.FindStringIndex(line); at != nil; at = marker.FindStringIndex(line) {
			if level++; level > maxNesting {
				return true
			}
			line = line[at[1]:]
		}
	}
	return false
}

// delimiters is the second line of a table.
var delimiters = regexp.MustCompile(`^[ \t:|-]*-[ \t:|-]*\n?$`)

// tables parses tables until they have too many cells. Every row has a cell in each column, even if it is not written, so
// that a short text with many columns and many rows would make millions.
type tables struct{ cells int }

// Transform implements parser.ParagraphTransformer.
func (t *tables) Transform(n *ast.Paragraph, reader text.Reader, pc parser.Context) {
	columns := 0
	for _, line := range n.Lines().Sliced(min(1, n.Lines().Len()), n.Lines().Len()) {
		if value := line.Value(reader.Source()); delimiters.Match(value) {
			columns = max(columns, 1+bytes.Count(bytes.Trim(value, "| \t\n"), []byte("|")))
		}
	}
	if t.cells += columns * n.Lines().Len(); t.cells <= maxCells {
		extension.NewTableParagraphTransformer().Transform(n, reader, pc)
	}
}

// maxOpenings is how many brackets, stars and the like one paragraph may have: matching those that open something with those
// that close it takes quadratic time.
const maxOpenings = 2000

// openings makes plain text of what would open or close a link, an image or an emphasis after maxOpenings of them.
type openings struct {
	paragraph ast.Node
	seen      int
}

// Trigger implements parser.InlineParser.
func (o *openings) Trigger() []byte { return []byte("[]!*_~") }

// Parse implements parser.InlineParser.
func (o *openings) Parse(paragraph ast.Node, block text.Reader, _ parser.Context) ast.Node {
	if o.paragraph != paragraph {
		o.paragraph, o.seen = paragraph, 0
	}
	if o.seen++; o.seen <= maxOpenings {
		return nil
	}
	_, segment := block.PeekLine()
	block.Advance(1)
	return ast.NewTextSegment(segment.WithStop(segment.Start + 1))
}
