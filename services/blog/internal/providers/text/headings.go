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
