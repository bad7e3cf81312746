package text

import (
	"fmt"
	"testing"
)

// hostile are texts that attack readers. Each is tried in all of the places below.
var hostile = []string{
	// Elements that run scripts or load something.
	`<script>alert(1)</script>`, `<SCRIPT SRC=//evil.example/x.js></SCRIPT>`, `<script/x>alert(1)</script/>`,
	`<scr<script>ipt>alert(1)</scr</script>ipt>`, `<script>//<![CDATA[` + "\n" + `alert(1)//]]></script>`,
	`</script><script>alert(1)`, "<script\n>alert(1)</script\n>", "<\x00script>alert(1)</script>",
	"<scr\x00ipt>alert(1)</scr\x00ipt>", `<script`, `<<script>alert(1)//<</script>`,
	`<iframe src="javascript:alert(1)"></iframe>`, `<iframe srcdoc="<script>alert(1)</script>">`,
	`<object data="javascript:alert(1)">`, `<embed src="data:text/html,<script>alert(1)</script>">`,
	`<applet code="X.class">`, `<base href="javascript:alert(1)//">`, `<link rel=stylesheet href=//evil.example/x.css>`,
	`<meta http-equiv=refresh content="0;url=javascript:alert(1)">`,
	`<style>body{background:url(javascript:alert(1))}</style>`, `<style>@import '//evil.example/x.css';</style>`,
	`<form action="javascript:alert(1)"><button>x</button></form>`, `<isindex action="javascript:alert(1)" type=image>`,
	`<button formaction="javascript:alert(1)">x</button>`, `<input autofocus onfocus=alert(1)>`,
	`<textarea autofocus onfocus=alert(1)>`, `<select autofocus onfocus=alert(1)><option>x`,
	`<keygen autofocus onfocus=alert(1)>`, `<frameset onload=alert(1)>`, `<dialog open onclose=alert(1)>`,
	`<portal src="https://evil.example/">`, `<marquee onstart=alert(1)>x</marquee>`,
	`<details open ontoggle=alert(1)>x</details>`, `<x-own onclick=alert(1)>x</x-own>`, `<custom is="x" style="x:y">`,
	`<slot onslotchange=alert(1)>`, `<body onload=alert(1)>`, `<html onclick=alert(1)>`,
	// Event handlers and styles on elements that are permitted.
	`<img src=x onerror=alert(1)>`, `<img src="https://e.org/a.png" onload="alert(1)">`, `<img/src="x"/onerror=alert(1)>`,
	"<img src=x\nonerror\n=\nalert(1)>", `<IMG SRC="https://e.org/a.png" OnErRoR=alert(1)>`,
	`<img """><script>alert(1)</script>">`, `<img src=x:x onerror=alert(1) `, "<img src=`x` onerror=alert(1)>",
	`<img srcset="javascript:alert(1) 1x">`, `<img src=x onerror="&#97;lert(1)">`, `<p onmouseover=alert(1)>x</p>`,
	`<p style="position:fixed;inset:0">x</p>`, `<div style="background:url('javascript:alert(1)')">x</div>`,
	`<a href="https://e.org" onclick="alert(1)">x</a>`, `<table background="javascript:alert(1)"><tr><td>x`,
	`<td style=width:expression(alert(1))>x`, `<ol start="1 onclick=alert(1)"><li>x</ol>`, `<h2 id="document">x</h2>`,
	`<h2 id="x" onclick="alert(1)">x</h2>`, `<span class="fixed overlay">x</span>`,
	`<pre class='chroma" onclick="alert(1)'>x</pre>`, `<sup id="fn:1" id="x">x</sup>`, `<br onload=alert(1)>`,
	`<p/onclick=alert(1)/x=">x`,
	// Links and images of raw HTML.
	`<a href="javascript:alert(1)">x</a>`, `<a href=" javascript:alert(1)">x</a>`, "<a href='java\tscript:alert(1)'>x</a>",
	"<a href='java\nscript:alert(1)'>x</a>", "<a href='\x01javascript:alert(1)'>x</a>",
	`<a href="JaVaScRiPt:alert(1)">x</a>`, `<a href="javascript&colon;alert(1)">x</a>`,
	`<a href="&#106;avascript:alert(1)">x</a>`, `<a href="&#x6A&#x61vascript:alert(1)">x</a>`,
	`<a href="java&Tab;script:alert(1)">x</a>`, `<a href="java&NewLine;script:alert(1)">x</a>`,
	`<a href="vbscript:msgbox(1)">x</a>`, `<a href="data:text/html;base64,PHNjcmlwdD4=">x</a>`,
	`<a href="//evil.example">x</a>`, `<a href="/\evil.example">x</a>`, `<a href="https:\\evil.example\x">x</a>`,
	`<a href="feed:javascript:alert(1)">x</a>`, `<a href="view-source:javascript:alert(1)">x</a>`,
	`<a href="blob:https://e.org/1">x</a>`,
	`<a href="https://e.org" target="_blank" rel="opener" ping="https://evil.example">x</a>`,
	`<a name="x" href="#x" download>x</a>`, `<a xlink:href="javascript:alert(1)">x</a>`, `<img src="javascript:alert(1)">`,
	`<img src="data:image/svg+xml,<svg onload=alert(1)>">`, `<img src="http://e.org/track.png">`,
	`<img src="//e.org/track.png">`, `<img lowsrc="javascript:alert(1)" dynsrc="x">`,
	// Text that changes its meaning when it is parsed a second time.
	`<svg onload=alert(1)>`, `<svg><script>alert(1)</script></svg>`,
	`<svg><style><img src=x onerror=alert(1)></style></svg>`,
	`<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>`,
	`<svg><animate attributeName=href values=javascript:alert(1) /></svg>`,
	`<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">`,
	`<svg><foreignObject><p><style></p><img src onerror=alert(1)></style>`,
	`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`,
	`<math href="javascript:alert(1)">x</math>`,
	`<math><annotation-xml encoding="text/html"><script>alert(1)</script></annotation-xml></math>`,
	`<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>`,
	`<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>`,
	`<template><script>alert(1)</script></template>`,
	`<template shadowrootmode=open><img src=x onerror=alert(1)></template>`,
	`<style><style/><img src=x onerror=alert(1)></style>`, `<title><img src=x onerror=alert(1)></title>`,
	`<textarea></textarea><img src=x onerror=alert(1)>`, `<xmp><p title="</xmp><img src=x onerror=alert(1)>">`,
	`<noembed><img src=x onerror=alert(1)></noembed>`, `<noframes><p id="</noframes><img src=x onerror=alert(1)>">`,
	`<plaintext><script>alert(1)</script>`,
	`<select><template><style><!--</style><a rel="--></style></template></select><img src onerror=alert(1)>">`,
	`<p title="</p><script>alert(1)</script>">x`, `<table><td><svg><desc><td><script>alert(1)</script>`,
	`<option><style></option></select><img src=x onerror=alert(1)></style>`, `<image src=x onerror=alert(1)>`,
	// Comments, CDATA, declarations.
	`<!--<img src="--><img src=x onerror=alert(1)//">`, `<!--><script>alert(1)</script>-->`,
	`<!---><script>alert(1)</script>-->`, `--!><script>alert(1)</script>`,
	`<!--[if gte IE 4]><script>alert(1)</script><![endif]-->`, `<![CDATA[<script>alert(1)</script>]]>`,
	`<?xml version="1.0"?><script>alert(1)</script>`, `<? foo="><script>alert(1)</script>">`,
	`<!DOCTYPE html [<!ENTITY x "<script>alert(1)</script>">]>&x;`, `<% alert(1) %><script>alert(1)</script>`,
	`</ foo="><script>alert(1)</script>">`, `<!foo="><script>alert(1)</script>">`,
	// Markdown links.
	`[x](javascript:alert(1))`, `[x](JAVASCRIPT:alert(1))`, `[x]( javascript:alert(1))`, `[x](<javascript:alert(1)>)`,
	`[x](java\script:alert(1))`, `[x](javascript\:alert(1))`, `[x](&#106;avascript:alert(1))`,
	`[x](&#x6a;avascript&colon;alert(1))`, `[x](javascript&#58;alert(1))`, "[x](java\tscript:alert(1))",
	"[x](<java\tscript:alert(1)>)", "[x](\x01javascript:alert(1))", "[x](\u00a0javascript:alert(1))",
	"[x](\u2028javascript:alert(1))", `[x](java%0ascript:alert(1))`, `[x](%6aavascript:alert(1))`,
	`[x](vbscript:msgbox(1))`, `[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)`,
	`[x](data:image/png;base64,iVBORw0KGgo=)`, `[x](file:///etc/passwd)`, `[x](intent://x#Intent;scheme=javascript;end)`,
	`[x](//evil.example)`, `[x](\\\\evil.example)`, `[x](/api/v1/auth/signout)`, `[x](?q=1)`,
	`[x](https://e.org"onmouseover="alert(1))`, `[x](https://e.org 'a" onmouseover="alert(1)')`,
	`[x](https://e.org "a&quot; onclick=&quot;alert(1)")`, `[x](https://e.org (<script>alert(1)</script>))`,
	`[x](https://e.org "</a><script>alert(1)</script>")`, `[x](https://e.org "&#0;&lt;script&gt;")`,
	"[x][1]\n\n[1]: javascript:alert(1)", "[x][1]\n\n[1]: <javascript:alert(1)> 'x\" onclick=\"alert(1)'",
	"[1]\n\n[1]: data:text/html,x\n    \"t\"", "[a][b]\n\n[b]:\njavascript:alert(1)\n",
	`[<script>alert(1)</script>](https://e.org)`, `[x](https://user:javascript@e.org)`, `[x](http://)`, `[x](https://[::1)`,
	`[x](mailto:a@e.org?subject=<script>&body=")`, `[x](#"><script>alert(1)</script>)`, `[x](#javascript:alert(1))`,
	`[[x](javascript:alert(1))](https://e.org)`, `[![x](javascript:alert(1))](javascript:alert(2))`,
	`[x](<https://e.org> "t"onclick=alert(1))`, `[x]{onclick=alert(1)}(https://e.org)`,
	`[x](https://e.org){onclick=alert(1)}`,
	// Markdown images.
	`![x](javascript:alert(1))`, `![x](data:image/svg+xml;base64,PHN2Zy8+)`, `![x](data:image/png;base64,iVBORw0KGgo=)`,
	`![x](http://e.org/a.png)`, `![x" onerror="alert(1)](https://e.org/a.png)`,
	`!["onerror=alert(1)//](https://e.org/a.png)`, `![x](https://e.org/a.png "x" onerror="alert(1)")`,
	`![<img src=x onerror=alert(1)>](https://e.org/a.png)`, `![x](https://e.org/a.png"onerror="alert(1))`,
	"![x][i]\n\n[i]: vbscript:x", `![[x](javascript:alert(1))](https://e.org/a.png)`, `![x](x 'y' onerror=alert(1))`,
	// Autolinks.
	`<javascript:alert(1)>`, `<javascript&colon;alert(1)>`, `<vbscript:alert(1)>`, `<data:text/html,alert(1)>`,
	`<https://e.org/"onclick="alert(1)>`, `<https://e.org/<script>>`, `<a@e.org"onclick=alert(1)>`, `<x:y>`,
	`<HTTPS:javascript>`, `<https://e.org\@evil.example>`, `https://e.org/"onmouseover=alert(1)`,
	`https://e.org/'><script>alert(1)</script>`, `http://e.org/<b>`, `ftp://e.org/x`,
	`www.e.org/"><img src=x onerror=alert(1)>`, `javascript:alert(1)`, `https://javascript:alert(1)@e.org`,
	`a"onclick=alert(1)@e.org`, "https://e.org/\x00javascript:", `HTTPS://E.ORG/&quot;onclick=alert(1)`,
	`https://e.org/%22onclick=alert(1)`,
	// Footnotes, headings, tables, code.
	"x[^<script>]\n\n[^<script>]: y", "x[^\"onclick=alert(1)]\n\n[^\"onclick=alert(1)]: y",
	"x[^1]\n\n[^1]: <script>alert(1)</script> [y](javascript:alert(1))",
	"x[^1] y[^1]\n\n[^1]: a\n\n    ```html\n    <script>alert(1)</script>\n    ```", "[^1]: x[^1]",
	`# x {#document onclick=alert(1)}`, "# <script>alert(1)</script>", "x {onclick=alert(1)}\n===",
	"# fn:1\n\n# fnref:1\n\n# section\n\n#\n\n# 2", "# [x](javascript:alert(1))\n# [x](javascript:alert(1))",
	"|<script>|\n|:-:|\n|<img src=x onerror=alert(1)>|", "|x|\n|:- onclick=alert(1)|\n|y|",
	"|`\\|<script>`|\n|-|\n|\\|[x](javascript:alert(1))|", "```html\n<script>alert(1)</script>\n```",
	"```<script>alert(1)</script>\nx\n```", "```\"onclick=alert(1)\nx\n```",
	"```go {linenos=table,anchorlinenos=true,hl_lines=[1],style=\"x\"}\nx\n```",
	"```js\n</span></code></pre><script>alert(1)</script>\n```",
	"~~~x onclick=alert(1)\n</code></pre><script>alert(1)</script>", "    </code></pre><script>alert(1)</script>",
	"`</code><script>alert(1)</script>`", "```markdown\n[x](javascript:alert(1))<script>\n```",
	"```xml\n<![CDATA[</span><script>]]>\n```",
	// Entities, broken tags, look-alikes.
	`&lt;script&gt;alert(1)&lt;/script&gt;`, `&amp;lt;script&amp;gt;`, `&#60;script&#62;alert(1)&#60;/script&#62;`,
	`&#x3c;script&#x3e;`, `&lt&#115;cript>`, `&#0;&#x0;&#xD800;&#x110000;`, `&#1;&#x1b;<&#1;script>`, `[x](java&#1;script:alert(1))`, `[x](https://e.org "&#1;")`, `\<script\>alert(1)\</script\>`,
	`<a b="` + "`" + `<script>` + "`" + `">`, "`<a href=\"`\">`", `*<script>*alert(1)</script>`, `<em><script></em>`,
	`<div><p><script>`, `</p></div></body></html><script>alert(1)</script>`, `<p <script>alert(1)</script>`, `<a href="x"`,
	`<a href='x"`, `</`, `<`, `<>`, `</>`, `<!`, `<?`, "<a\u00a0href=javascript:alert(1)>", "＜script＞alert(1)＜/script＞",
	"<ſcript>alert(1)</ſcript>", "[x](javaſcript:alert(1))", "[x](јavascript:alert(1))", "[x](javascript：alert(1))",
	"\ufeff<script>alert(1)</script>", "\u202e<script>", "<\u200bscript>alert(1)", "\xc0\xbcscript\xc0\xbe",
	"\xff\xfe<script>", "+ADw-script+AD4-alert(1)", "\x1b[31m<script>", "{{constructor.constructor('alert(1)')()}}",
	"${alert(1)}", "<%= x %>", "a\u2028<script>", "<p>\r<script>\r",
}

// places are where a text stands in a page.
var places = map[string]string{
	"alone":                          "%s",
	"within a sentence":              "See %s here.",
	"in an item":                     "- %s",
	"in a quote":                     "> %s",
	"in a heading":                   "## %s",
	"in a cell":                      "|a|\n|-|\n|%s|",
	"as the text of a link":          "[%s](https://e.org)",
	"as the address of a link":       "[x](%s)",
	"as the title of a link":         "[x](https://e.org \"%s\")",
	"as a definition":                "[x]\n\n[x]: %s",
	"as the alternative of an image": "![%s](https://e.org/i.png)",
	"as the address of an image":     "![x](%s)",
	"in an autolink":                 "<%s>",
	"after an address":               "https://e.org/%s",
	"in a footnote":                  "x[^1]\n\n[^1]: %s",
	"in code":                        "`%s`",
	"in a block of code":             "```html\n%s\n```",
	"as a language":                  "```%s\nx\n```",
	"emphasised":                     "**%s** ~~%[1]s~~",
	"twice":                          "%s\n\n%[1]s",
	"after raw HTML":                 "<div>\n%s\n</div>",
}

func TestRender_isSafeForWhateverIsWritten(t *testing.T) {
	if len(hostile) < 100 {
		t.Errorf("only %d texts", len(hostile))
	}
	for _, attack := range hostile {
		for place, format := range places {
			article, err := Render(fmt.Sprintf(format, attack))
			if err != nil {
				t.Errorf("%q %s: %v", attack, place, err)
			}
			for _, complaint := range complaints(article.HTML) {
				t.Errorf("%q %s: %s, in %s", attack, place, complaint, article.HTML)
			}
		}
	}
}

func TestComment_isSafeForWhateverIsWritten(t *testing.T) {
	for _, attack := range hostile {
		for _, format := range []string{"%s", "See %s here.", "https://e.org/%s", "https://e.org/?q=%s#%[1]s"} {
			page := Comment(fmt.Sprintf(format, attack))
			for _, complaint := range complaints(page) {
				t.Errorf("%q in %s: %s, in %s", attack, format, complaint, page)
			}
		}
	}
}

// The policy alone is safe, too: it gets the texts as they are, as if the converter let all HTML pass.
func TestPolicy_isSafeWithoutTheConverter(t *testing.T) {
	for _, attack := range hostile {
		for _, format := range []string{"%s", "<p>%s</p>", `<a href="%s">x</a>`, `<img src='%s'>`, "<table><tr><td>%s", "<svg>%s", "<pre><code>%s"} {
			page := sanitize(fmt.Sprintf(format, attack))
			for _, complaint := range complaints(page) {
				t.Errorf("%q in %s: %s, in %s", attack, format, complaint, page)
			}
		}
	}
}

func TestComplaints_findWhatIsWrong(t *testing.T) {
	for _, page := range []string{
		`<script>x</script>`, `<p onclick="x">x</p>`, `<a href="javascript:x">x</a>`, `<a href="https://e.org">x</a>`, `<img src="http://e.org/x.png">`, `<svg></svg>`, `<!-- x -->`,
		`<p style="x">x</p>`, `<h2 id="document">x</h2>`, `<h2 id="section">x</h2><h2 id="section">x</h2>`, `<a href="/x">x</a>`, "<p>\x01</p>", `<body onload="x">`, `<title>x</title>`, `<a href="https:\\e.org" rel="nofollow">x</a>`,
	} {
		if len(complaints(page)) == 0 {
			t.Errorf("%s: no complaint", page)
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, attack := range hostile {
		f.Add(attack)
	}
	f.Fuzz(func(t *testing.T, written string) {
		if len(written) > 5000 {
			return
		}
		article, _ := Render(written)
		for _, page := range []string{article.HTML, Comment(written)} {
			for _, complaint := range complaints(page) {
				t.Errorf("%s, in %q", complaint, page)
			}
		}
	})
}
