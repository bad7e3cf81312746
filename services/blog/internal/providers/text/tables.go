package text

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// tables parses tables until they have too many cells. Every row has a cell in each column, even if it is not written, so
// that a short text with many columns and many rows would make millions.
type tables struct{ cells int }

// Transform implements parser.ParagraphTransformer.
func (t *tables) Transform(n *ast.Paragraph, reader text.Reader, pc parser.Context) {
	widest := 0
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		widest = max(widest, bytes.Count(line.Value(reader.Source()), []byte("|"))-1)
	}
	if widest > 0 {
		t.cells += widest * n.Lines().Len()
	}
	if t.cells <= maxCells {
		extension.NewTableParagraphTransformer().Transform(n, reader, pc)
	}
}
