package text

import (
	"strings"
	"testing"
	"unicode/utf8"

	"stoa/pkg/common/ids"
)

func TestSlug_isMadeOfATitle(t *testing.T) {
	long := strings.Repeat("word ", 41)
	for title, want := range map[string]string{
		"": "", "  ": "", "?!": "", "&&&": "", "€ @ %": "", "😀": "", "---": "", "_": "", "\x00": "",
		"Hello, World!": "hello-world", "  a  b ": "a-b", "a/b?c": "a-b-c", "Don't": "dont", "Q & A": "q-and-a", "2026": "2026",
		"Καλημέρα Αθήνα": "kalemera-athena", "Ünïcode ß": "unicode-ss", "Привет": "privet", "日本": "ri-ben",
		"6f1c1a52-5d0f-4d43-9d0c-2b1f0f5f7a11": "post-6f1c1a52-5d0f-4d43-9d0c-2b1f0f5f7a11",
		"6F1C1A52 5D0F 4D43 9D0C 2B1F0F5F7A11": "post-6f1c1a52-5d0f-4d43-9d0c-2b1f0f5f7a11",
		"6f1c1a525d0f4d439d0c2b1f0f5f7a11":     "post-6f1c1a525d0f4d439d0c2b1f0f5f7a11",
		long:                                   strings.TrimSuffix(strings.Repeat("word-", 40), "-"),
		strings.Repeat("a", 300):               strings.Repeat("a", MaxSlug),
		strings.Repeat("a", 199) + " b c":      strings.Repeat("a", 199),
	} {
		if got := Slug(title); got != want {
			t.Errorf("%q: got %q, want %q", title, got, want)
		}
	}
}

func TestTag_isMadeOfWhatIsTyped(t *testing.T) {
	for typed, want := range map[string]string{
		"": "", "!": "", "+": "", "..": "", "#": "", "😀": "", "go": "GO", " Web  dev ": "WEB-DEV", "web-dev": "WEB-DEV", "web_dev": "WEB-DEV",
		"C++": "C++", "c#": "C#", ".net": ".NET", "node.js": "NODE.JS", "a/b": "A-B", "straße": "STRASSE", "ＧＯ": "GO", "αθήνα": "ΑΘΉΝΑ", "日本": "日本",
		"g\u200do": "G-O", "e\u0301te\u0301": "ÉTÉ", strings.Repeat("a", MaxTag): strings.Repeat("A", MaxTag),
		strings.Repeat("a", MaxTag+1): "", strings.Repeat("ﷺ", 9): "", strings.Repeat("a ", 10_000): "", "<script>": "SCRIPT",
	} {
		if got := Tag(typed); got != want {
			t.Errorf("%q: got %q, want %q", typed, got, want)
		}
	}
}

func FuzzSlug(f *testing.F) {
	for _, seed := range []string{"Hello, World!", "Καλημέρα", "½ ﷺ İıſß", "6f1c1a52-5d0f-4d43-9d0c-2b1f0f5f7a11", "a\u0345b", "-_-a_", "ŉ ǰ ΐ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		slug, tag := Slug(typed), Tag(typed)
		if strings.Trim(slug, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" || len(slug) > MaxSlug || ids.Valid(slug) || Slug(slug) != slug {
			t.Errorf("%q: slug %q, and then %q", typed, slug, Slug(slug))
		}
		if utf8.RuneCountInString(tag) > MaxTag || strings.ContainsAny(tag, " /?%\x00") || Tag(tag) != tag {
			t.Errorf("%q: tag %q, and then %q", typed, tag, Tag(tag))
		}
	})
}
