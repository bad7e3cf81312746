package text

import (
	"fmt"
	"strings"
)

// headingIDs are the ids of headings so far, with the number that the next heading of the same text tries first. All begin with
// "section", so that none is that of a footnote, of another part of the page, or the name of a variable of its scripts.
type headingIDs map[string]int

func (taken headingIDs) next(heading string) string {
	base := strings.TrimSuffix("section-"+Slug(heading), "-")
	id := base
	for number := max(2, taken[base]); taken[id] != 0; number++ {
		id = fmt.Sprintf("%s-%d", base, number)
		taken[base] = number + 1
	}
	taken[id] = max(taken[id], 2)
	return id
}

// outline makes headings fit below the title of the page that shows them, which is its only heading of level 1. The highest ones of a
// text get level 2, and none is more than one level below the heading before it: readers who jump from heading to heading rely on that.
type outline []level

// level is that of a heading as it was typed, and as it is shown.
type level struct{ typed, shown int }

// lowest is the last level that HTML has.
const lowest = 6

// place returns the level at which the next heading is shown.
func (o *outline) place(typed int) int {
	open := *o
	for len(open) > 0 && open[len(open)-1].typed >= typed {
		open = open[:len(open)-1]
	}
	shown := 2
	if len(open) > 0 {
		shown = min(open[len(open)-1].shown+1, lowest)
	}
	*o = append(open, level{typed, shown})
	return shown
}
