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
)

// phrase is one that makes readers stop, and what to write instead.
type phrase struct {
	words   *regexp.Regexp
	instead string
}

// refuse compiles a pattern. A space in it stands for any gap between two words, the start of a new comment line included.
func refuse(pattern, instead string) phrase {
	return phrase{regexp.MustCompile(`(?i)\b(` + strings.ReplaceAll(pattern, " ", `[\s#/*]+`) + `)\b`), instead}
}

var refused = []phrase{
	refuse(`the own|one's`, "your, their, or the noun"),
	refuse(`what is not sent stays`, "a field that is left out keeps its value"),
	refuse(`(summary|description)": "One of them`, "what it is: one order"),
	refuse(`tell you from`, "when there are N or fewer"),
	refuse(`(see|sees|saw|seen|seeing) to (it|this|that|the same)`, "make sure"),
	refuse(`(does|do|did) not hold`, "is not valid, is not true, does not have"),
	refuse(`to be had|cannot be had`, "is available, cannot be fetched"),
	refuse(`(is|are|was|were) (no|none)`, "is not (a), has no"),
	refuse(`overslee?pt?s?`, "missed"),
	refuse(`tell out`, "say"),
	refuse(`who(m|so)?ever`, "anyone who, a caller that"),
	refuse(`heralds?|announcers?`, "publisher"),
	refuse(`intakes?`, "placement"),
	refuse(`keepers?`, "repository, stock ledger"),
	refuse(`obey(s|ed|ing)?`, "execute"),
	refuse(`judg(e|es|ed|ing)`, "check, decide"),
	refuse(`verdicts?`, "decision, answer, outcome"),
	refuse(`keytext`, "keyformat"),
	refuse(`holders?`, "owner, caller"),
	refuse(`live settings?|(also|changed) live|common/live`, "settings that change while a process runs"),
	refuse(`(live|lives|lived) (for|until)`, "is valid for, has a ttl of"),
	refuse(`left the house`, "was shipped"),
	refuse(`stands? (in|here|there|below|above)`, "is in, is here"),
}

// plain are the readings of such phrases that are good English, with the word before and the word after.
var plain = regexp.MustCompile(`(?i)^(there\W.*|\S+\W(is|are|was|were)\Wno\W(longer|more)|\S+\Wstands?\Win\Wfor)$`)

// finding is a refused phrase in a text.
type finding struct {
	at             int
	words, instead string
}

func refusedIn(text string) []finding {
	var all []finding
	for _, p := range refused {
		for _, at := range p.words.FindAllStringIndex(text, -1) {
			words := lastWord(text[:at[0]]) + " " + text[at[0]:at[1]] + " " + firstWord(text[at[1]:])
			if !plain.MatchString(words) {
				all = append(all, finding{at[0], words, p.instead})
			}
		}
	}
	return all
}

var word = regexp.MustCompile(`[\pL\pN'’-]+`)

func lastWord(text string) string {
	words := word.FindAllString(text[max(0, len(text)-40):], -1)
	return slices.Concat([]string{""}, words)[len(words)]
}

func firstWord(text string) string { return word.FindString(text[:min(40, len(text))]) }

// passage is a text that a person reads, and the line on which it begins.
type passage struct {
	line int
	text string
}

// passages are the texts of a file: of Go code its strings, of all other files everything.
func passages(t *testing.T, name string) []passage {
	t.Helper()
	switch path := filepath.ToSlash(name); {
	case strings.HasSuffix(path, "_test.go"):
		return nil
	case strings.HasSuffix(path, ".go"):
		return stringsOf(t, name)
	case strings.HasSuffix(path, ".json") && !strings.HasPrefix(path, "../../api/"):
		return nil
	}
	if !slices.Contains([]string{".md", ".json", ".yaml", ".yml", ".html", ".js", ".eml", ".txt", ".tmpl"}, filepath.Ext(name)) &&
		filepath.Base(name) != "Makefile" {
		return nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return []passage{{1, string(text)}}
}

func stringsOf(t *testing.T, name string) []passage {
	t.Helper()
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var all []passage
	ast.Inspect(tree, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			all = append(all, passage{files.Position(literal.Pos()).Line, literal.Value})
		}
		return true
	})
	return all
}

// API descriptions, errors, mails, output of commands and documents are written in plain English.
func TestWords_ArePlain(t *testing.T) {
	root := filepath.Join("..", "..")
	files := 0
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || name == root:
			return err
		case entry.IsDir() && (slices.Contains([]string{"bin", "test"}, entry.Name()) || strings.HasPrefix(entry.Name(), ".")):
			return filepath.SkipDir
		case entry.IsDir():
			return nil
		}
		for _, p := range passages(t, name) {
			files++
			for _, f := range refusedIn(p.text) {
				t.Errorf("%s:%d: %q: better: %s", name, p.line+strings.Count(p.text[:f.at], "\n"), f.words, f.instead)
			}
		}
		return nil
	})
	if err != nil || files < 1000 {
		t.Errorf("%d texts were read, error %v", files, err)
	}
}
