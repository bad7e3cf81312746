package text

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// newConverter returns a converter for one document: its tables and code have budgets.
func newConverter(tables *tables) goldmark.Markdown {
	isHTML := func(v util.PrioritizedValue) bool {
		return v.Value == parser.NewHTMLBlockParser() || v.Value == parser.NewRawHTMLParser()
	}
	return goldmark.New(
		goldmark.WithParser(parser.NewParser(
			parser.WithBlockParsers(slices.DeleteFunc(parser.DefaultBlockParsers(), isHTML)...),
			parser.WithInlineParsers(slices.DeleteFunc(parser.DefaultInlineParsers(), isHTML)...),
			parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
			parser.WithParagraphTransformers(util.Prioritized(tables, 200)),
			parser.WithASTTransformers(
				util.Prioritized(extension.NewTableASTTransformer(), 0),
				util.Prioritized(annotator{}, 2000),
			),
		)),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(
			util.Prioritized(&code{}, 200),
			util.Prioritized(extension.NewTableHTMLRenderer(
				extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)), 500),
		)),
		goldmark.WithExtensions(
			extension.Strikethrough,
			extension.NewLinkify(extension.WithLinkifyAllowedProtocols([]string{"http:", "https:"})),
			extension.Footnote,
		),
	)
}

// annotator gives headings their ids and links their rel, and leaves only the text of links and images that are not allowed.
type annotator struct{}

// Transform implements parser.ASTTransformer.
func (annotator) Transform(document *ast.Document, reader text.Reader, _ parser.Context) {
	source, ids, refused := reader.Source(), ids{}, []ast.Node(nil)
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		allowed := true
		switch n := n.(type) {
		case *ast.Heading:
			n.SetAttributeString("id", []byte(ids.next(plain(n, source))))
		case *ast.Link:
			allowed = allowLink(n, n.Destination)
		case *ast.AutoLink:
			allowed = n.AutoLinkType == ast.AutoLinkEmail || linkURL.Match(n.URL(source))
			n.SetAttributeString("rel", []byte(rel))
		case *ast.Image:
			allowed = imageURL.Match(util.URLEscape(n.Destination, true))
		}
		if !allowed {
			refused = append(refused, n)
		}
		return ast.WalkContinue, nil
	})
	for _, n := range refused {
		unwrap(n, source)
	}
}

// allowLink reports whether readers may follow a link, and marks it as one that a user made if it leads elsewhere.
func allowLink(n ast.Node, destination []byte) bool {
	url := util.URLEscape(destination, true)
	if linkURL.Match(url) {
		n.SetAttributeString("rel", []byte(rel))
		return true
	}
	return fragment.Match(url)
}

// unwrap replaces a node by its content.
func unwrap(n ast.Node, source []byte) {
	parent := n.Parent()
	if link, ok := n.(*ast.AutoLink); ok {
		parent.InsertBefore(parent, n, ast.NewString(util.EscapeHTML(link.Label(source))))
	}
	for child := n.FirstChild(); child != nil; child = n.FirstChild() {
		parent.InsertBefore(parent, n, child)
	}
	parent.RemoveChild(parent, n)
}

// plain is the text within a node.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Text:
			if entering {
				b.Write(n.Value(source))
			} else if n.SoftLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.AutoLink:
			if entering {
				b.Write(n.Label(source))
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// ids are the ids of headings so far, with the number that the next heading of the same text tries first. All begin with
// "section", so that none is that of a footnote, of another part of the page, or the name of a variable of its scripts.
type ids map[string]int

func (taken ids) next(heading string) string {
	base := strings.TrimSuffix("section-"+Slug(heading), "-")
	id := base
	for number := max(2, taken[base]); taken[id] != 0; number++ {
		id = fmt.Sprintf("%s-%d", base, number)
		taken[base] = number + 1
	}
	taken[id] = max(taken[id], 2)
	return id
}

// marker is what opens a quote or an item of a list.
var marker = regexp.MustCompile(`^[ \t]*(?:>|[-+*][ \t]|\d{1,9}[.)][ \t])`)

// nestsTooDeep reports whether a line opens more than maxNesting quotes and lists: parsing them takes quadratic time.
func nestsTooDeep(markdown string) bool {
	for line := range strings.Lines(markdown) {
		for level := 0; ; level++ {
			at := marker.FindStringIndex(line)
			if at == nil {
				break
			}
			if line = line[at[1]:]; level == maxNesting {
				return true
			}
		}
	}
	return false
}
