package words_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"stoa/pkg/search/internal/words"
)

func folded(text string) []string {
	all := []string{}
	for word := range words.In(text) {
		all = append(all, word.Folded)
	}
	return all
}

func TestIn_findsFoldedWords(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "",
		" \t\x00 -- && || () ":              "",
		"Hello, World!":                     "hello world",
		"Crème Brûlée, ÜBER-Straße":         "creme brulee uber strasse",
		"don't DON’T":                       "don't don't",
		"soft\u00adhyphen zero\u200bwidth":  "softhyphen zero width",
		"ﬁne ½ x² №5":                       "fine 1⁄2 x 2 5",
		"Ελλάδα ΣΟΦΟΣ":                      "ελλαδα σοφοσ",
		"שָׁלוֹם עולם":                      "שלום עולם",
		"مُحَمَّد":                          "محمد",
		"が か":                               "が か",
		"東京":                                "東 京",
		"हिन्दी":                            "हिन्दी",
		"a\xffb \xff\xfe":                   "a b",
		"AB-1234 3.14 node.js under_scored": "ab 1234 3.14 node.js under_scored",
	} {
		if got := strings.Join(folded(text), " "); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestIn_knowsWhereWordsAre(t *testing.T) {
	text := "«Crème», brûlée"
	var got []string
	for word := range words.In(text) {
		got = append(got, text[word.Start:word.End])
	}
	if want := []string{"Crème", "brûlée"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestIn_cutsLongWords(t *testing.T) {
	for _, text := range []string{strings.Repeat("x", 10_000), strings.Repeat("ж", 10_000), strings.Repeat("e\u0301", 10_000)} {
		got := folded(text)
		if len(got) != 1 || len(got[0]) > 64 || !utf8.ValidString(got[0]) {
			t.Errorf("got %q", got)
		}
	}
}

func TestStem_joinsTheFormsOfAWord(t *testing.T) {
	for _, forms := range [][]string{
		{"run", "runs", "running"}, {"category", "categories"}, {"gateway", "gateways"}, {"сайты"}, {"ß"}, {""},
	} {
		for _, form := range forms {
			if got, want := words.Stem(form), words.Stem(forms[0]); got != want {
				t.Errorf("%q: got %q, want %q", form, got, want)
			}
		}
	}
}

// Whatever someone has typed of a word so far, its stem begins with that, or is among the stems of that.
func TestStemsOf_followSomeoneWhoTypes(t *testing.T) {
	for _, word := range []string{"running", "gateway", "business", "organization", "happily", "categories", "published", "development"} {
		for n := 2; n <= len(word); n++ {
			typed, stem := word[:n], words.Stem(word)
			if !strings.HasPrefix(stem, typed) && !slices.Contains(words.StemsOf(typed), stem) {
				t.Errorf("%q of %q: got %q, want %q", typed, word, words.StemsOf(typed), stem)
			}
		}
	}
}

func FuzzIn(f *testing.F) {
	for _, seed := range []string{"Hello, World!", "שָׁלוֹם 東京 a\xff\x00b", "e\u0301\u0301", "\u200d👩‍👩‍👧 x²"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		end := 0
		for word := range words.In(text) {
			if word.Start < end || word.End <= word.Start || word.End > len(text) {
				t.Errorf("%q: %+v follows %d", text, word, end)
			}
			if end = word.End; !utf8.ValidString(word.Folded) || strings.ContainsAny(word.Folded, "\x00\n") {
				t.Errorf("%q: got %q", text, word.Folded)
			}
			words.StemsOf(word.Folded)
		}
	})
}
