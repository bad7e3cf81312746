package search

import (
	"cmp"
	"math/bits"
	"slices"
)

// fanIn is how many segments of about the same size are merged; maxSources limits what one merge takes.
const (
	fanIn      = 4
	maxSources = 64
)

// plan returns segments to be merged, or none. Segments that somebody is merging are left out.
func (m *manifest) plan() segments {
	var before, after segments // what was put since a rebuild began is not merged with what it is going to replace
	for _, r := range m.free(m.Segments) {
		if m.Rebuild != nil && r.First > m.Rebuild.After {
			after = append(after, r)
		} else {
			before = append(before, r)
		}
	}
	if planned := before.plan(); planned != nil {
		return planned
	}
	return after.plan()
}

// small returns the first of these segments that have no more than this many entries together, or none if they are too few to be merged.
func (s segments) small(entries int) segments {
	n := 0
	for ; n < len(s) && s[n].Entries <= entries; n++ {
		entries -= s[n].Entries
	}
	if n < fanIn {
		return nil
	}
	return s[:n]
}

// plan returns the segments of the lowest tier that is full, and all smaller ones. Segments of a tier differ in size by less
// than fanIn times.
func (s segments) plan() segments {
	s = slices.SortedFunc(slices.Values(s), func(a, b ref) int { return cmp.Compare(a.Entries, b.Entries) })
	tier := func(r ref) int { return bits.Len(uint(r.Entries)) / 2 }
	for from, to := 0, 0; from < len(s); from = to {
		for to = from; to < len(s) && tier(s[to]) == tier(s[from]); to++ {
		}
		if to-from >= fanIn {
			return s[:min(to, maxSources)]
		}
	}
	return nil
}
