package text

import (
	"fmt"
	"strings"
	"testing"
)

// shown writes the rows of a difference side by side, with what has changed in brackets.
func shown(d Difference) string {
	side := func(spans []Span) string {
		var b strings.Builder
		for _, s := range spans {
			if s.Changed {
				fmt.Fprintf(&b, "[%s]", s.Text)
			} else {
				b.WriteString(s.Text)
			}
		}
		return b.String()
	}
	var rows []string
	for _, row := range d.Rows {
		rows = append(rows, side(row.Old)+"|"+side(row.New))
	}
	return strings.Join(rows, "\n")
}

func TestDiff_marksWordsSideBySide(t *testing.T) {
	for _, tt := range []struct {
		before, after, want string
		removed, added      int
	}{
		{"", "", "", 0, 0},
		{"a b", "a b", "a b|a b", 0, 0},
		{"", "a b", "|[a b]", 0, 2},
		{"a b", "", "[a b]|", 2, 0},
		{"one two three", "one 2 three", "one [two ]three|one [2 ]three", 1, 1},
		{"same\nold word here\nend", "same\nnew word here\nend", "same\n|same\n\n[old ]word here\n|[new ]word here\n\nend|end", 1, 1},
		{"a\nb\n", "a\n\nx\n\nb\n", "a\n|a\n\n|[\nx\n\n]\nb\n|b\n", 0, 1},
		{"日本語", "日本酒", "日本[語]|日本[酒]", 1, 1},
		{"a, b", "a; b", "[a, ]b|[a; ]b", 1, 1},
	} {
		d := Diff(tt.before, tt.after)
		if got := shown(d); got != tt.want || d.Removed != tt.removed || d.Added != tt.added {
			t.Errorf("%q to %q: got\n%s\n%d removed, %d added", tt.before, tt.after, got, d.Removed, d.Added)
		}
	}
}

// The library gives up after some hundred differences; an editor sees each of them all the same.
func TestDiff_findsEveryOneOfManyChanges(t *testing.T) {
	var before, after strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&before, "word%d ", i)
		if i%5 == 0 {
			fmt.Fprintf(&after, "changed ")
		} else {
			fmt.Fprintf(&after, "word%d ", i)
		}
	}
	if d := Diff(before.String(), after.String()); d.Removed != 600 || d.Added != 600 {
		t.Errorf("%d removed, %d added", d.Removed, d.Added)
	}
}

func FuzzDiff(f *testing.F) {
	f.Add("one two\nthree", "one 2\n\nthree")
	f.Add("a\xffb\r\n", "日本\u2028 ")
	f.Fuzz(func(t *testing.T, before, after string) {
		var olds, news strings.Builder
		for _, row := range Diff(before, after).Rows {
			for _, s := range row.Old {
				olds.WriteString(s.Text)
			}
			for _, s := range row.New {
				news.WriteString(s.Text)
			}
		}
		if olds.String() != before || news.String() != after {
			t.Errorf("%q and %q became %q and %q", before, after, olds.String(), news.String())
		}
	})
}
