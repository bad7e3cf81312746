package text

import (
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// annotator gives headings their ids and levels, and links their rel, and leaves only the text of links and images that are not allowed.
type annotator struct{ destinations int } // the bytes of all addresses

// Transform implements parser.ASTTransformer.
func (a *annotator) Transform(document *ast.Document, reader text.Reader, _ parser.Context) {
	source, ids, levels, refused := reader.Source(), headingIDs{}, outline{}, []ast.Node(nil)
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		if a.destinations > maxHTML {
			return ast.WalkStop, nil
		}
		allowed := true
		switch n := n.(type) {
		case *ast.Heading:
			n.Level = levels.place(n.Level)
			n.SetAttributeString("id", []byte(ids.next(plain(n, source))))
		case *ast.Link:
			a.destinations += len(n.Destination)
			allowed = allowLink(n, n.Destination)
		case *ast.AutoLink:
			allowed = n.AutoLinkType == ast.AutoLinkEmail || leads(linkURL, util.URLEscape(n.URL(source), false))
			n.SetAttributeString("rel", []byte(rel))
		case *ast.Image:
			a.destinations += len(n.Destination)
			allowed = leads(imageURL, util.URLEscape(n.Destination, true))
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
	if leads(linkURL, url) {
		n.SetAttributeString("rel", []byte(rel))
		return true
	}
	return leads(fragment, url)
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
