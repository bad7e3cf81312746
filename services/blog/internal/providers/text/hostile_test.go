package text

import (
	"fmt"
	"testing"

	"stoa/internal/hostile"
	"stoa/pkg/common/must"
)

func TestRender_isSafeForWhateverIsWritten(t *testing.T) {
	must.HaveTime(t)
	if len(hostile.Texts) < 100 {
		t.Errorf("only %d texts", len(hostile.Texts))
	}
	for _, attack := range hostile.Texts {
		for place, format := range hostile.Places {
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
	for _, attack := range hostile.Texts {
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
	for _, attack := range hostile.Texts {
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
	for _, attack := range hostile.Texts {
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
