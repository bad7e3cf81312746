package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"stoa/pkg/common/must"
)

// refused are phrases that make readers stop, and what to write instead.
var refused = []struct{ phrase, instead string }{
	{`the own|one's`, "your, their, or the noun"},
	{`what is not sent stays`, "a field that is left out keeps its value"},
	{`(summary|description)": ?"One of them`, "the noun, such as one order"},
	{`tell you from`, "when N or fewer are left"},
	{`(see|sees|saw|seen|seeing) to (it|this|that|the same)`, "make sure"},
	{`(does|do|did) not hold`, "is not valid, is not true"},
	{`to be had|cannot be had`, "is available, can be fetched"},
	{`(is|are|was|were) (no|none)`, "is not (a), has no"},
	{`overslee?p(s|t)?`, "missed"},
	{`tell out`, "say"},
	{`who(m|so)?ever`, "anyone who, a caller that"},
	{`heralds?|announcers?`, "publisher"},
	{`intakes?`, "placement"},
	{`keepers?`, "repository, stock ledger"},
	{`obey(s|ed|ing)?`, "execute"},
	{`judg(e|es|ed|ing)`, "check, decide"},
	{`verdicts?`, "decision, answer, outcome"},
	{`keytext`, "keyformat"},
	{`holders?`, "owner, caller"},
	{`(also|changed) live|common/live|live settings?`, "settings that change while a process runs"},
	{`(live|lives|lived) (for|until)`, "is valid for, has a ttl of"},
	{`left the house`, "was shipped"},
	{`stands (in|here|there|below|above)`, "is in, is here"},
	{`anew`, "again"},
}

// plain are good readings of such phrases, with the word before and the word after.
var plain = regexp.MustCompile(`(?i)^(there\W.*|\S*\W(is|are|was|were)\Wno\W(longer|more)|\S*\Wstands\Win\Wfor)$`)

// compile lets a space stand for any gap between two words, the beginning of the next line of a comment included.
func compile(phrases string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(` + strings.ReplaceAll(phrases, " ", `[\s#/*]+`) + `)\b`)
}

func allPhrases() *regexp.Regexp {
	var all []string
	for _, r := range refused {
		all = append(all, r.phrase)
	}
	return compile(strings.Join(all, "|"))
}

// unclear yields where a text has refused phrases, and what to write instead.
func unclear(pattern *regexp.Regexp, text string, found func(at int, words, instead string)) {
	for _, at := range pattern.FindAllStringIndex(text, -1) {
		phrase := text[at[0]:at[1]]
		words := lastWord(text[:at[0]]) + " " + phrase + " " + firstWord(text[at[1]:])
		if plain.MatchString(words) {
			continue
		}
		for _, r := range refused {
			if compile(r.phrase).FindString(phrase) == phrase {
				found(at[0], words, r.instead)
				break
			}
		}
	}
}

var word = regexp.MustCompile(`[\pL\pN'’-]+`)

func firstWord(text string) string { return word.FindString(text[:min(40, len(text))]) }

func lastWord(text string) string {
	words := append([]string{""}, word.FindAllString(text[max(0, len(text)-40):], -1)...)
	return words[len(words)-1]
}

// passage is a text that people read, and the line on which it begins.
type passage struct {
	line int
	text string
}

// passages are the texts of a file: the strings of Go code, and the whole of documents, contracts, YAML and mails.
func passages(t *testing.T, file string) []passage {
	t.Helper()
	name, extension := filepath.ToSlash(file), filepath.Ext(file)
	switch {
	case extension == ".go" && !strings.HasSuffix(name, "_test.go"):
		return stringsOf(t, file)
	case extension == ".json" && !strings.HasPrefix(name, root+"/api/"):
		return nil
	case slices.Contains([]string{".md", ".json", ".yaml", ".yml", ".html", ".js", ".eml", ".txt", ".tmpl"}, extension),
		filepath.Base(name) == "Makefile":
		text := must.Get(os.ReadFile(file))(t)
		return []passage{{1, string(text)}}
	}
	return nil
}

func stringsOf(t *testing.T, file string) []passage {
	t.Helper()
	files := token.NewFileSet()
	tree := must.Get(parser.ParseFile(files, file, nil, parser.SkipObjectResolution))(t)
	var all []passage
	ast.Inspect(tree, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			all = append(all, passage{files.Position(literal.Pos()).Line, literal.Value})
		}
		return true
	})
	return all
}

// What people read is plain English: documents, API descriptions, errors, mails, and what commands print.
func TestWords_PeopleReadPlainEnglish(t *testing.T) {
	must.HaveTime(t)
	pattern, texts := allPhrases(), 0
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		skipped := slices.Contains([]string{"bin", "test", "thirdparty"}, entry.Name()) || strings.HasPrefix(entry.Name(), ".")
		switch {
		case err != nil || file == root:
			return err
		case entry.IsDir() && skipped:
			return filepath.SkipDir
		case entry.IsDir():
			return nil
		}
		for _, p := range passages(t, file) {
			texts++
			unclear(pattern, p.text, func(at int, words, instead string) {
				t.Errorf("%s:%d: %q: better: %s", file, p.line+strings.Count(p.text[:at], "\n"), words, instead)
			})
		}
		return nil
	})
	if err != nil || texts < 1000 {
		t.Errorf("%d texts, error %v", texts, err)
	}
}

func TestWords_RefusePhrasesAndNotTheirGoodReadings(t *testing.T) {
	for text, want := range map[string]int{
		"Change the own password":                          1,
		"End one of one's sessions":                        1,
		"What is not sent stays.":                          1,
		`"summary": "One of them"`:                         1,
		"We tell you from %d on":                           1,
		"Please see to it that there is more of it":        1,
		"the signature does not\n\thold":                   1,
		"the keys are not to be had":                       1,
		"A text that is no id is none of an order":         2,
		"overslept the outcome":                            1,
		"# the retry is for whoever\n# asks":               1,
		"# this is\n# no id":                               1,
		"there is no id, there are none":                   0,
		"it is no longer valid, and there\nis no more":     0,
		"a stand-in stands in for Kong; anything but that": 0,
		"the placeholder of a timekeeper":                  0,
	} {
		got := 0
		unclear(allPhrases(), text, func(int, string, string) { got++ })
		if got != want {
			t.Errorf("%q: %d phrases are refused, want %d", text, got, want)
		}
	}
}
