package text

import (
	"strings"
	"testing"
)

func TestComment_makesParagraphsAndLinks(t *testing.T) {
	link := func(url string) string { return `<a href="` + url + `" rel="ugc nofollow noopener">` + url + `</a>` }
	for plain, want := range map[string]string{
		"": "", " \n\t": "", "a\x00b&#1;": "<p>ab&amp;#1;</p>\n",
		"a":                       "<p>a</p>\n",
		"a\nb\r\n\r\n \t\n\nc\rd": "<p>a<br>\nb</p>\n<p>c<br>\nd</p>\n",
		"<b>&amp;\\*x*":           "<p>&lt;b&gt;&amp;amp;\\*x*</p>\n",
		"see https://e.org/a_(b), or (http://e.org).": "<p>see " + link("https://e.org/a_(b)") + ", or (" + link("http://e.org") + ").</p>\n",
		"https://e.org/?a=1&b=2":                      "<p>" + link("https://e.org/?a=1&amp;b=2") + "</p>\n",
		"javascript:x ftp://e.org www.e.org a@e.org":  "<p>javascript:x ftp://e.org www.e.org a@e.org</p>\n",
		"https://e.org/%zz":                           "<p>https://e.org/%zz</p>\n",
		"a\u202ecod.exe":                              "<p>acod.exe</p>\n",
		"https://shop.example:pay@e.org":              "<p>https://shop.example:pay@e.org</p>\n",
	} {
		if got := Comment(plain); got != want {
			t.Errorf("%q: got %q, want %q", plain, got, want)
		}
	}
}

func TestComment_isBounded(t *testing.T) {
	for _, unit := range []string{"https://a.b/ ", "https://a.b/((", "\n\n", "http://", "<", "a"} {
		if got := Comment(strings.Repeat(unit, 5000/len(unit))); len(got) > 40_000 {
			t.Errorf("%q: %d bytes", unit, len(got))
		}
	}
}
