package text

import (
	"strings"

	"github.com/aymanbagabas/go-udiff/lcs"
)

// Difference is what changed between two versions of a text, for a page with the old one on the left and the new one on
// the right.
type Difference struct {
	// Rows are the passages of both versions in their order. All of the old texts are the old version, all of the new texts
	// the new one.
	Rows []Row `json:"rows"`
	// Removed is how many words are only in the old version.
	Removed int `json:"removed"`
	// Added is how many words are only in the new version.
	Added int `json:"added"`
}

// Row is a passage in both versions: some lines that are the same, or some that differ. Either may be empty.
type Row struct {
	// Old is the passage of the old version.
	Old []Span `json:"old"`
	// New is the passage of the new version.
	New []Span `json:"new"`
}

// Span is a piece of a passage.
type Span struct {
	// Text is the piece with its spaces and ends of lines.
	Text string `json:"text"`
	// Changed is true if the other version does not have the piece here.
	Changed bool `json:"changed,omitempty"`
}

// Diff compares two versions of a text by words, within the lines that differ.
func Diff(before, after string) Difference {
	d := Difference{Rows: []Row{}}
	olds, news := lines(before), lines(after)
	pairs(olds, news, func(oldLines, newLines []string, same bool) {
		oldText, newText := strings.Join(oldLines, ""), strings.Join(newLines, "")
		if same {
			d.Rows = append(d.Rows, Row{Old: []Span{{Text: oldText}}, New: []Span{{Text: newText}}})
			return
		}
		d.addWords(word.FindAllString(oldText, -1), word.FindAllString(newText, -1))
	})
	return d
}

// addWords adds a row for a passage that differs.
func (d *Difference) addWords(olds, news []string) {
	row := Row{Old: []Span{}, New: []Span{}}
	pairs(olds, news, func(oldWords, newWords []string, same bool) {
		if len(oldWords) > 0 {
			row.Old = append(row.Old, Span{Text: strings.Join(oldWords, ""), Changed: !same})
		}
		if len(newWords) > 0 {
			row.New = append(row.New, Span{Text: strings.Join(newWords, ""), Changed: !same})
		}
		if !same {
			d.Removed += countWords(strings.Join(oldWords, ""))
			d.Added += countWords(strings.Join(newWords, ""))
		}
	})
	d.Rows = append(d.Rows, row)
}

func lines(text string) (all []string) {
	for line := range strings.Lines(text) {
		all = append(all, line)
	}
	return all
}

// pairs yields the parts that two sequences have in common, and those that differ, in their order.
func pairs(olds, news []string, yield func(olds, news []string, same bool)) {
	oldAt, newAt := 0, 0
	for _, change := range differences(olds, news) {
		if change.Start > oldAt {
			yield(olds[oldAt:change.Start], news[newAt:change.ReplStart], true)
		}
		yield(olds[change.Start:change.End], news[change.ReplStart:change.ReplEnd], false)
		oldAt, newAt = change.End, change.ReplEnd
	}
	if oldAt < len(olds) {
		yield(olds[oldAt:], news[newAt:], true)
	}
}

// differences compares two sequences. The library stops looking after some 100 differences, and takes all that is left for
// one; so what is left is compared again, as long as that finds more.
func differences(olds, news []string) (all []lcs.Diff) {
	for _, d := range lcs.DiffLines(olds, news) {
		a, b := olds[d.Start:d.End], news[d.ReplStart:d.ReplEnd]
		if len(a) == len(olds) && len(b) == len(news) || len(a) == 0 || len(b) == 0 {
			all = append(all, d)
			continue
		}
		for _, inner := range differences(a, b) {
			all = append(all, lcs.Diff{
				Start: d.Start + inner.Start, End: d.Start + inner.End,
				ReplStart: d.ReplStart + inner.ReplStart, ReplEnd: d.ReplStart + inner.ReplEnd,
			})
		}
	}
	return all
}
