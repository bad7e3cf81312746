package search

import (
	"context"
	"slices"
	"strings"
	"time"

	"stoa/pkg/common/errs"
)

const (
	// claimTime is after which time without a sign of life a claim counts as left by a process that died. A claim is renewed
	// after renewTime.
	claimTime = 2 * time.Minute
	renewTime = 30 * time.Second
	// keepTime is how long replaced segments stay for cursors, if there are no more than keepMost, and graceTime for those
	// that are reading them.
	keepTime  = 5 * time.Minute
	keepMost  = 64
	graceTime = 30 * time.Second
)

// manifest says which segments an index has.
type manifest struct {
	// Generation grows when Segments change.
	Generation int64 `json:"generation"`
	// Kept is the earliest generation that can still be read.
	Kept     int64    `json:"kept,omitempty"`
	Segments segments `json:"segments,omitempty"`
	Rebuild  *rebuild `json:"rebuild,omitempty"`
	// Asked is the latest rebuild that somebody asked for, whatever has become of it.
	Asked  *asked  `json:"asked,omitempty"`
	Claims []claim `json:"claims,omitempty"`
	// Replaced segments are still read by those with a cursor; Doomed ones are going to be deleted.
	Replaced []replaced `json:"replaced,omitempty"`
	Doomed   []doomed   `json:"doomed,omitempty"`
}

// ref names a segment.
type ref struct {
	ID      string `json:"id"`
	Entries int    `json:"entries"`
	// Parts is how many there are besides the head.
	Parts int `json:"parts,omitempty"`
	// Since is the generation that first had the segment, and First one that first had an entry of it.
	Since int64 `json:"since"`
	First int64 `json:"first"`
}

type segments []ref

// claim is a segment that a process is writing.
type claim struct {
	ID string    `json:"id"`
	At time.Time `json:"at"` // the latest sign of life
	// Sources are the segments that are merged. Rebuild is the id of the rebuild that the segment is for.
	Sources []string `json:"sources,omitempty"`
	Rebuild string   `json:"rebuild,omitempty"`
}

type replaced struct {
	ref
	Gone int64     `json:"gone"` // the first generation without the segment
	At   time.Time `json:"at"`
}

type doomed struct {
	ID    string `json:"id"`
	Parts int    `json:"parts"` // unknownParts for a claim
}

const unknownParts = -1

// rebuild is an index that nobody finds yet.
type rebuild struct {
	ID string    `json:"id"`
	At time.Time `json:"at"` // the latest sign of life
	// After is the last generation that has nothing of what is put after the rebuild began.
	After    int64    `json:"after"`
	Indexed  int      `json:"indexed"`
	Total    int      `json:"total"`
	Segments segments `json:"segments,omitempty"`
}

func (r *rebuild) dead(now time.Time) bool { return now.After(r.At.Add(claimTime)) }

func (s segments) index(id string) int {
	return slices.IndexFunc(s, func(r ref) bool { return r.ID == id })
}

func (s segments) has(ids []string) bool {
	return !slices.ContainsFunc(ids, func(id string) bool { return s.index(id) < 0 })
}

// without returns the segments that do not have these ids, and those that have.
func (s segments) without(ids []string) (others, these segments) {
	for _, r := range s {
		if slices.Contains(ids, r.ID) {
			these = append(these, r)
		} else {
			others = append(others, r)
		}
	}
	return others, these
}

// sorted returns the segments in the order of their ids.
func (s segments) sorted() segments {
	return slices.SortedFunc(slices.Values(s), func(a, b ref) int { return strings.Compare(a.ID, b.ID) })
}

// at returns the segments of a generation, if it can still be read.
func (m *manifest) at(generation int64) (all segments, kept bool) {
	if generation < m.Kept || generation > m.Generation {
		return nil, false
	}
	for _, r := range m.Segments {
		if r.Since <= generation {
			all = append(all, r)
		}
	}
	for _, r := range m.Replaced {
		if r.Since <= generation && generation < r.Gone {
			all = append(all, r.ref)
		}
	}
	return all, true
}

// replace takes segments out of the present generation.
func (m *manifest) replace(ids []string, now time.Time) {
	var gone segments
	m.Segments, gone = m.Segments.without(ids)
	for _, r := range gone {
		m.Replaced = append(m.Replaced, replaced{r, m.Generation, now.UTC()})
	}
}

func (m *manifest) doom(gone segments) {
	for _, r := range gone {
		m.Doomed = append(m.Doomed, doomed{r.ID, r.Parts})
	}
}

// claim adds a claim. It fails with errs.Conflict if a source is gone or claimed by somebody else, or the rebuild is over.
func (m *manifest) claim(c claim) error {
	if slices.ContainsFunc(m.Claims, func(other claim) bool { return other.ID == c.ID }) {
		return nil // the answer to this change was lost
	}
	all := m.Segments
	if c.Rebuild != "" {
		if !m.rebuilding(c.Rebuild) {
			return errRebuildOver
		}
		m.Rebuild.At, all = c.At, m.Rebuild.Segments
	}
	if !all.has(c.Sources) || m.claimed(c.Sources) {
		return errOvertaken
	}
	m.Claims = append(m.Claims, c)
	return nil
}

// rebuilding reports whether the rebuild with an id is going on.
func (m *manifest) rebuilding(id string) bool { return m.Rebuild != nil && m.Rebuild.ID == id }

// named reports whether segments are in use.
func (m *manifest) named(ids []string) bool {
	return m.Segments.has(ids) || m.Rebuild != nil && m.Rebuild.Segments.has(ids)
}

// release ends a claim, and reports whether it was there.
func (m *manifest) release(id string) bool {
	before := len(m.Claims)
	m.Claims = slices.DeleteFunc(m.Claims, func(c claim) bool { return c.ID == id })
	return len(m.Claims) < before
}

// claimed reports whether somebody is merging any of these segments.
func (m *manifest) claimed(ids []string) bool {
	return slices.ContainsFunc(m.Claims, func(c claim) bool {
		return slices.ContainsFunc(c.Sources, func(id string) bool { return slices.Contains(ids, id) })
	})
}

// free returns those of some segments that nobody is merging.
func (m *manifest) free(all segments) segments {
	return slices.DeleteFunc(slices.Clone(all), func(r ref) bool { return m.claimed([]string{r.ID}) })
}

// expire dooms what no living process writes, and what no reader needs any more.
func (m *manifest) expire(now time.Time) {
	if m.Rebuild != nil && m.Rebuild.dead(now) {
		m.doom(m.Rebuild.Segments)
		m.Rebuild = nil
	}
	m.Claims = slices.DeleteFunc(m.Claims, func(c claim) bool {
		dead := now.After(c.At.Add(claimTime))
		if dead {
			m.Doomed = append(m.Doomed, doomed{c.ID, unknownParts})
		}
		return dead
	})
	for len(m.Replaced) > 0 { // the oldest is the first
		oldest, keep := m.Replaced[0], keepTime
		if len(m.Replaced) > keepMost {
			keep = graceTime
		}
		if now.Before(oldest.At.Add(keep)) {
			break
		}
		m.Kept = max(m.Kept, oldest.Gone)
		m.Doomed = append(m.Doomed, doomed{oldest.ID, oldest.Parts})
		m.Replaced = m.Replaced[1:]
	}
}

// change changes the manifest, which may not exist yet.
func (x *Index) change(ctx context.Context, change func(*manifest) error) error {
	_, err := x.manifests.Upsert(ctx, x.name, change)
	return err
}

var (
	errOvertaken   = errs.New(errs.Conflict, "another process has changed the search index")
	errRebuildOver = errs.New(errs.Conflict, "another process has ended this rebuild of the search index, or taken over")
)
