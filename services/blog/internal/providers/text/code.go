package text

import (
	"html"
	"strings"
	"time"

	"github.com/alecthomas/chroma/v2"
	chromahtml "github.com/alecthomas/chroma/v2/formatters/html"
	"github.com/alecthomas/chroma/v2/lexers"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/util"
)

// maxHighlighting is how long the code of one document is highlighted: lexers match by backtracking, which hostile code
// makes slow. One match takes a quarter of a second at most.
const maxHighlighting = time.Second

// maxCode is how many bytes of code of one document are highlighted.
const maxCode = 64 << 10

// maxHighlighted is how many bytes of HTML that makes.
const maxHighlighted = maxHTML / 2

// languages are those that are highlighted. The lexer of each is compiled when it is first used, and remains in memory. Markdown and
// HTTP are not among them, because their lexers use those of all other languages.
var languages = func() map[string]chroma.Lexer {
	byName := map[string]chroma.Lexer{}
	for _, name := range []string{
		"bash", "c", "c++", "c#", "css", "diff", "docker", "go", "graphql", "html", "ini", "java", "javascript",
		"json", "kotlin", "lua", "makefile", "php", "powershell", "protobuf", "python", "ruby", "rust", "sql",
		"swift", "terraform", "toml", "typescript", "xml", "yaml",
	} {
		lexer := lexers.Get(name)
		for _, alias := range append(lexer.Config().Aliases, name) {
			byName[alias] = lexer
		}
	}
	return byName
}()

// formatter writes classes, not styles, so that a page chooses the colours and may forbid inline styles.
var formatter = chromahtml.New(chromahtml.WithClasses(true), chromahtml.WithAllClasses(true), chromahtml.WithPreWrapper(block{}))

// block is the frame of code. Its long lines scroll, by keyboard too.
type block struct{}

// Start implements chromahtml.PreWrapper, and so does End.
func (block) Start(_ bool, class string) string { return `<pre tabindex="0"` + class + `><code>` }

func (block) End(bool) string { return "</code></pre>" }

var noStyle = chroma.MustNewStyle("none", nil)

// code renders blocks of code.
type code struct {
	spent      time.Duration
	read, made int // bytes
}

// RegisterFuncs implements renderer.NodeRenderer.
func (c *code) RegisterFuncs(register renderer.NodeRendererFuncRegisterer) {
	register.Register(ast.KindFencedCodeBlock, c.render)
	register.Register(ast.KindCodeBlock, c.render)
}

func (c *code) render(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	language, written := "", string(n.Lines().Value(source))
	if fenced, ok := n.(*ast.FencedCodeBlock); ok {
		language = strings.ToLower(string(fenced.Language(source)))
	}
	shown, ok := c.highlight(languages[language], written)
	if !ok {
		shown = block{}.Start(true, ` class="chroma"`) + html.EscapeString(written) + block{}.End(true) + "\n"
	}
	_, err := w.WriteString(shown)
	return ast.WalkContinue, err
}

// highlight returns the code with the classes of its words, unless its language is not known, or the time or the room is used up.
func (c *code) highlight(lexer chroma.Lexer, written string) (string, bool) {
	if c.read += len(written); lexer == nil || c.read > maxCode || c.spent > maxHighlighting {
		return "", false
	}
	began := time.Now()
	defer func() { c.spent += time.Since(began) }()
	timed := &timed{Lexer: lexer, until: began.Add(maxHighlighting - c.spent)}
	tokens, err := chroma.Tokenise(chroma.Coalesce(timed), nil, written)
	if err != nil || timed.late {
		return "", false
	}
	var b strings.Builder
	err = formatter.Format(&b, noStyle, chroma.Literator(tokens...))
	c.made += b.Len()
	return b.String() + "\n", err == nil && c.made <= maxHighlighted
}

// timed is a lexer that ends too early when the time is over.
type timed struct {
	chroma.Lexer
	until time.Time
	late  bool
}

// Tokenise implements chroma.Lexer.
func (t *timed) Tokenise(options *chroma.TokeniseOptions, written string) (chroma.Iterator, error) {
	next, err := t.Lexer.Tokenise(options, written)
	return func() chroma.Token {
		if t.late = t.late || time.Now().After(t.until); t.late {
			return chroma.EOF
		}
		return next()
	}, err
}
