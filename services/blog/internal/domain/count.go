package domain

import "maps"

// Count is how many comments of a post, or replies of a thread, readers see. It is exact once all of them are settled, whatever
// dies in between, and its size does not depend on their number.
//
// A comment that appears or goes changes its own document first. Then the count takes that change, once: Pending says so until
// the comment itself does, in Comment.Counted. A process that may be the second to try reads the count first and the comment
// then, so it finds the change in one of them, or loses the compare-and-swap of the count.
type Count struct {
	Number int `json:"number"`
	// Pending are the latest changes that Number has, by comment, of those comments that may not know.
	Pending map[string]CountedAs `json:"pending,omitempty"`
}

// CountedAs is the version of a comment that a count has, and whether it has that as a visible one.
type CountedAs struct {
	Version int64 `json:"version"`
	Visible bool  `json:"visible,omitempty"`
}

// countedAs is what a count should have of the comment.
func (c *Comment) countedAs() CountedAs { return CountedAs{Version: c.Version, Visible: c.Visible()} }

// unsettled lists the comments that settle needs, with this one, which has changed.
func (n *Count) unsettled(changed string) []string {
	ids := []string{changed}
	for id := range n.Pending {
		if id != changed {
			ids = append(ids, id)
		}
	}
	return ids
}

// settle takes the changes of comments that were read after the count, and reports whether it has changed.
func (n *Count) settle(comments []Comment) (changed bool) {
	pending := maps.Clone(n.Pending)
	for _, c := range comments {
		has := c.Counted
		if known, ok := pending[c.ID]; ok && known.Version > has.Version {
			has = known
		} else if ok {
			delete(pending, c.ID)
			changed = true
		}
		if has.Version >= c.Version {
			continue
		}
		if want := c.countedAs(); want.Visible != has.Visible {
			n.Number += map[bool]int{true: 1, false: -1}[want.Visible]
		}
		if pending == nil {
			pending = map[string]CountedAs{}
		}
		pending[c.ID], changed = c.countedAs(), true
	}
	n.Pending = pending
	return changed
}
