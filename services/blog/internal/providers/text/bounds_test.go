package text

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"stoa/pkg/common/must"
)

// fill repeats a text up to the longest post.
func fill(unit string) string { return strings.Repeat(unit, 50_000/len(unit)) }

// table has one letter in each cell of its first line, and rows of one letter.
func table(columns, rows int) string {
	return strings.Repeat("|a", columns) + "|\n" + strings.Repeat("|-", columns) + "|\n" + strings.Repeat("b\n", rows)
}

// steps indents each line more than the one before.
func steps(line string, count int) string {
	var b strings.Builder
	for level := range count {
		b.WriteString(strings.Repeat("  ", level) + line + "\n")
	}
	return b.String()
}

var longAddress = "[a]: https://e.org/" + strings.Repeat("a", 20_000) + " '" + strings.Repeat("b", 1000) + "'\n\n"

// heavy are long texts that take quadratic time or space somewhere, or would without a limit, and the error they get.
var heavy = map[string]struct {
	markdown string
	refused  error
}{
	"quotes within quotes":          {fill("> "), ErrNesting},
	"lists within lists":            {fill("- "), ErrNesting},
	"numbered lists, too":           {fill("1) "), ErrNesting},
	"footnotes within footnotes":    {fill("[^1]: "), ErrNesting},
	"deeper with each line":         {steps("- a", 200), ErrNesting},
	"deeper, and then blank lines":  {steps("- a", 30) + fill("\n"), nil},
	"as deep as permitted":          {fill(strings.Repeat("> ", maxNesting) + "a\n"), nil},
	"thematic breaks":               {fill("* * *\n"), nil},
	"10,000 cells":                  {table(100, 99), nil},
	"78 million cells":              {table(6000, 13_000), ErrCells},
	"in many tables":                {strings.Repeat(table(40, 20), 50), ErrCells},
	"in a quote":                    {"> " + strings.ReplaceAll(table(4000, 4000), "\n", "\n> "), ErrCells},
	"bars that make no table":       {fill("|"), nil},
	"escaped bars in code":          {"|a|\n|-|\n" + strings.Repeat("|`\\|`|\n", 7000), nil},
	"a long line":                   {fill("word "), nil},
	"a long word":                   {fill("ω"), nil},
	"blank lines":                   {fill("\n"), nil},
	"an unclosed fence":             {"```go\n" + fill("x := 1\n"), nil},
	"fences":                        {fill("```\n"), nil},
	"links to one long address":     {longAddress + strings.Repeat("[a]", 9000), ErrHTML},
	"images of one long address":    {longAddress + strings.Repeat("![a]", 7000), ErrHTML},
	"links with one long title":     {"[a]: #b '" + strings.Repeat("a", 20_000) + "'\n\n" + strings.Repeat("[a]\n\n", 6000), ErrHTML},
	"references to one footnote":    {"[^1]: x\n\n" + fill("[^1]\n\n"), ErrHTML},
	"definitions of links":          {fill("[a]: b\n\n[a]\n\n"), nil},
	"the same heading":              {fill("# a\n"), nil},
	"headings without a word":       {fill("#\n"), nil},
	"opening brackets":              {fill("["), nil},
	"opening links":                 {fill("[a]("), nil},
	"opening links in a heading":    {"# " + fill("[a]("), nil},
	"opening links of paragraphs":   {fill(strings.Repeat("[a](", maxOpenings/2) + "\n\n"), nil},
	"closing brackets":              {strings.Repeat("[", 16_000) + strings.Repeat("](a)", 8000), nil},
	"stars that match no line":      {fill("*a_ "), nil},
	"stars in a cell":               {"|a|\n|-|\n|" + fill("*a_ "), nil},
	"nested emphasis":               {strings.Repeat("*a **b", 4000) + strings.Repeat("** c*", 4000), nil},
	"tildes":                        {fill("~a ~~b "), nil},
	"backticks":                     {fill("a`b``c```d````"), nil},
	"angle brackets":                {fill("<https://a"), nil},
	"comments":                      {fill("<!--"), nil},
	"entities":                      {fill("&#1"), nil},
	"addresses":                     {fill("https://a.b "), nil},
	"addresses with parentheses":    {"https://a.b/" + fill("("), nil},
	"mailboxes":                     {fill("a@a.a."), nil},
	"much code":                     {"```js\n" + fill("a=/b/;`${") + "\n```", nil},
	"code of all signs":             {"```html\n" + fill("<a b=c>") + "\n```", nil},
	"many blocks of code":           {fill("```python\nf'{\n```\n"), nil},
	"blocks of unknown languages":   {fill("```a.b\nx\n```\n"), nil},
	"code that is matched backward": {"```python\n" + fill("f'{") + "\n```", nil},
}

// maxWork is far more than what is allowed needs, and far less than what is not.
const maxWork = 20 * time.Second

// workOf is the processor time that something takes in this goroutine: other processes may leave it little of each second.
func workOf(t *testing.T, do func()) time.Duration {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	clock := func() time.Duration {
		var now unix.Timespec
		must.Do(t, unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &now))
		return time.Duration(now.Nano())
	}
	began := clock()
	do()
	return clock() - began
}

// An idle machine takes some 0.1 seconds for the slowest of them.
func TestRender_isBounded(t *testing.T) {
	must.HaveTime(t)
	for name, tt := range heavy {
		t.Run(name, func(t *testing.T) {
			var article Article
			var err error
			took := workOf(t, func() { article, err = Render(tt.markdown) })
			if !errors.Is(err, tt.refused) || took > maxWork || len(article.HTML) > 2*maxHTML {
				t.Errorf("error %v, want %v; %v; %d bytes of HTML", err, tt.refused, took, len(article.HTML))
			}
		})
	}
}

// Whatever the language, code that its lexer matches slowly costs little more than what is left of maxHighlighting.
func TestHighlighting_isBounded(t *testing.T) {
	must.HaveTime(t)
	for alias, lexer := range languages {
		if alias != strings.ToLower(lexer.Config().Name) {
			continue // one name of each is enough
		}
		t.Run(alias, func(t *testing.T) {
			t.Parallel()
			for _, slow := range []string{"\n", "("} {
				text := strings.Repeat(slow, maxCode/len(slow)-1) + "x"
				if took := workOf(t, func() { (&code{spent: maxHighlighting * 9 / 10}).highlight(lexer, text) }); took > maxWork {
					t.Errorf("%q takes %s", slow, took)
				}
			}
		})
	}
}

// Lexers are shared by all requests.
func TestHighlighting_isForManyAtOnce(t *testing.T) {
	const post = "```go\nfunc a() int { return 1 }\n```\n\n```python\nf'{a}'\n```\n"
	want := must.Get(Render(post))(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if got, err := Render(post); err != nil || got.HTML != want.HTML {
				t.Errorf("got %q, %v, want %q", got.HTML, err, want.HTML)
			}
		})
	}
	all.Wait()
}

// A lexer that uses those of other languages would load them all.
func TestHighlighting_loadsNoOtherLanguages(t *testing.T) {
	for _, name := range []string{"markdown", "md", "http", "phtml", "erb", "rst"} {
		if languages[name] != nil {
			t.Errorf("%s is highlighted", name)
		}
	}
}

func TestDiff_isBounded(t *testing.T) {
	must.HaveTime(t)
	for _, tt := range [][2]string{
		{fill("a b "), fill("b c ")}, {fill("a\nb\n"), fill("b\na\nc\n")}, {fill("a"), fill("b")}, {fill("a b c d "), fill("q\n")}, {"", fill("\n")},
	} {
		if took := workOf(t, func() { Diff(tt[0], tt[1]) }); took > maxWork {
			t.Errorf("%.10q: %v", tt[0], took)
		}
	}
}

func TestRender_permitsWhatPeopleWrite(t *testing.T) {
	for _, markdown := range []string{
		steps("- item", 12), "> " + strings.Repeat("> ", 9) + "reply", strings.Repeat("- ", 20) + "\n", strings.Repeat("| a | b | c |\n", 300),
		"```\n" + steps("- a", 25) + "```", strings.Repeat("See [this](https://example.org/some/page) and **that**.\n\n", 900), strings.Repeat("x[^a]\n\n", 50) + "[^a]: y",
		"a | b\n--- | ---\n" + strings.Repeat("1 | 2\n", 3000),
	} {
		if _, err := Render(markdown); err != nil {
			t.Errorf("%.20q: %v", markdown, err)
		}
	}
}
