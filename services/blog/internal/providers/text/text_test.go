package text

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"stoa/internal/golden"
	"stoa/pkg/common/must"
)

func TestRender_makesTheWholePage(t *testing.T) {
	article := must.Get(Render(string(must.Get(os.ReadFile("testdata/article.md"))(t))))(t)
	golden.Check(t, "services/blog/internal/providers/text/testdata/article.html", []byte(article.HTML))
	var toc strings.Builder
	for _, h := range article.TOC {
		fmt.Fprintf(&toc, "%d %s %s\n", h.Level, h.ID, h.Text)
	}
	const want = `2 section-opening-a-second-shop Opening a second shop
3 section-ores-leitourgias Ώρες λειτουργίας
3 section-what-we-sell What we sell
4 section-in-code In code
4 section-in-code-2 In code
`
	if toc.String() != want {
		t.Errorf("table of contents:\n%s", toc.String())
	}
	if article.Words != 109 || article.ReadingTime != 1 {
		t.Errorf("%d words, %d minutes", article.Words, article.ReadingTime)
	}
	if want := "We opened in Exarcheia in May, and nobody came. This is what we changed --- and what it cost."; !strings.HasPrefix(article.Excerpt, want) {
		t.Errorf("excerpt %q", article.Excerpt)
	}
}

func TestRender_makesPlainText(t *testing.T) {
	for markdown, want := range map[string]string{
		"# One\n\n*two* **thr**ee[^1] `four`\n\n- five\n- <b>\n\n| a | b |\n|---|---|\n| 6 | 7 |\n\n[^1]: eight": "One two three four five <b> a b 6 7 eight",
		"":         "",
		"[a](/b)c": "ac",
	} {
		if got := must.Get(Render(markdown))(t).Plain; got != want {
			t.Errorf("%q: got %q, want %q", markdown, got, want)
		}
	}
}

func TestRender_makesHTMLOfMarkdown(t *testing.T) {
	for markdown, want := range map[string]string{
		"":                                "",
		"a *b* **c** ~~d~~ `e`":           "<p>a <em>b</em> <strong>c</strong> <del>d</del> <code>e</code></p>\n",
		"<b>x</b> <!-- y -->":             "<p>&lt;b&gt;x&lt;/b&gt; &lt;!-- y --&gt;</p>\n",
		"<div>\n*x*\n</div>":              "<p>&lt;div&gt;\n<em>x</em>\n&lt;/div&gt;</p>\n",
		"x&#1;\x1by":                      "<p>xy</p>\n",
		"[x](javascript:x)":               "<p>x</p>\n",
		"[*x*](/y \"t\") [z](#section-z)": "<p><em>x</em> <a href=\"#section-z\">z</a></p>\n",
		"<xy:z&a> <https://e.org>":        "<p>xy:z&amp;a <a href=\"https://e.org\" rel=\"ugc nofollow noopener\">https://e.org</a></p>\n",
		"![*a* b](http://e.org/x.png)":    "<p><em>a</em> b</p>\n",
		"```\n<a>\n```\n\n    <b>":        "<pre tabindex=\"0\" class=\"chroma\"><code>&lt;a&gt;\n</code></pre>\n<pre tabindex=\"0\" class=\"chroma\"><code>&lt;b&gt;\n</code></pre>\n",
		"```klingon\nx\n```":              "<pre tabindex=\"0\" class=\"chroma\"><code>x\n</code></pre>\n",
		"```JSON\n1\n```":                 "<pre tabindex=\"0\" class=\"chroma\"><code><span class=\"line\"><span class=\"cl\"><span class=\"mi\">1</span>\n</span></span></code></pre>\n",
		"7. a\n8. b":                      "<ol start=\"7\">\n<li>a</li>\n<li>b</li>\n</ol>\n",
	} {
		article, err := Render(markdown)
		if err != nil || article.HTML != want {
			t.Errorf("%q: got %q, error %v, want %q", markdown, article.HTML, err, want)
		}
	}
}

func TestRender_givesEachHeadingAnIDThatOthersDoNotChange(t *testing.T) {
	article := must.Get(Render("## a\n## a\n## a-2\n## a\n## 2\n## ?!\n## ...\n## [A](https://e.org) `b` <https://c.org>\n## Fn:1\n## &"))(t)
	var got []string
	for _, h := range article.TOC {
		got = append(got, h.ID)
	}
	want := "section-a section-a-2 section-a-2-2 section-a-3 section-2 section section-3 section-a-b-https-c-org section-fn-1 section-4"
	if strings.Join(got, " ") != want {
		t.Errorf("got %v", got)
	}
}

// The title of the page is the only heading of level 1, and no level is left out.
func TestRender_placesHeadingsBelowTheTitle(t *testing.T) {
	for markdown, want := range map[string]string{
		"# a\n## b\n# c":                              "h2 h3 h2",
		"## a\n### b\n## c":                           "h2 h3 h2",
		"### a\n### b\n# c\n#### d\n## e":             "h2 h2 h2 h3 h3",
		"# a\n## b\n### c\n#### d\n##### e\n###### f": "h2 h3 h4 h5 h6 h6",
	} {
		article := must.Get(Render(markdown))(t)
		var got []string
		for _, part := range strings.Split(article.HTML, "<h")[1:] {
			got = append(got, "h"+part[:1])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: got %v, want %s", markdown, got, want)
		}
	}
}

func TestRender_countsWordsAndMinutes(t *testing.T) {
	for _, tt := range []struct {
		markdown       string
		words, minutes int
	}{
		{"", 0, 1}, {"- - -\n\n& ... !", 0, 1}, {"one *tw*o don't\n\n- 4", 4, 1}, {"日本語 test", 4, 1}, {"a[^1]\n\n[^1]: b", 2, 1},
		{strings.Repeat("word ", 200), 200, 1}, {strings.Repeat("word ", 201), 201, 2}, {strings.Repeat("word\n\n", 2000), 2000, 10},
	} {
		article := must.Get(Render(tt.markdown))(t)
		if article.Words != tt.words || article.ReadingTime != tt.minutes {
			t.Errorf("%.20q: %d words in %d minutes", tt.markdown, article.Words, article.ReadingTime)
		}
	}
}

func TestRender_excerptsTheFirstParagraphs(t *testing.T) {
	for markdown, want := range map[string]string{
		"": "",
		"# Title\n\nOne.\n\n- item\n\nTwo[^1].\n\n[^1]: Note.": "One. Two.",
		"- only\n- items":                "only items",
		"a<b> &amp; \"c\"":               "a<b> & \"c\"",
		strings.Repeat("eight is ", 100): strings.Repeat("eight is ", 21) + "eight is…",
		strings.Repeat("ω", 300):         strings.Repeat("ω", 199) + "…",
	} {
		got := must.Get(Render(markdown))(t).Excerpt
		if got != want || utf8.RuneCountInString(got) > maxExcerpt {
			t.Errorf("%.20q: got %q", markdown, got)
		}
	}
}

func TestRender_takesTheRestOfAParagraphOfManyStarsForText(t *testing.T) {
	page := must.Get(Render(strings.Repeat("*a* ", maxOpenings)))(t).HTML
	if got, rest := strings.Count(page, "<em>a</em>"), strings.Count(page, "*a*"); got != maxOpenings/2 || rest != maxOpenings/2 {
		t.Errorf("%d with emphasis, %d without", got, rest)
	}
}
