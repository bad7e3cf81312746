package text

import (
	"os"
	"strings"
	"testing"

	"stoa/pkg/common/must"
)

func BenchmarkRender(b *testing.B) {
	sample := string(must.Get(os.ReadFile("testdata/article.md"))(b))
	for name, markdown := range map[string]string{
		"a sentence": "One sentence.", "an article": sample, "50,000 letters": strings.Repeat(sample, 1+50_000/len(sample))[:50_000],
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = must.Get(Render(markdown))(b)
			}
		})
	}
}

func BenchmarkDiff(b *testing.B) {
	before := strings.Repeat("One of many words in a long line.\n", 1470)
	after := strings.ReplaceAll(before, "words", "signs")
	for b.Loop() {
		_ = Diff(before, after)
	}
}

func BenchmarkComment(b *testing.B) {
	comment := strings.Repeat("See https://example.org/a?b=c, or not. ", 128)
	for b.Loop() {
		_ = Comment(comment)
	}
}
