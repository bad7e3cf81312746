package domain

import (
	"context"
	"slices"
	"time"
)

// Tally says that a post has got a tag in public, or lost it, and that the tag does not count that yet. It is stored in the post
// in the same write as the change, as events are, and stays there until the tag has counted it. The tag remembers the number,
// so that a tally counts once, however often it comes.
type Tally struct {
	// Number tells the tallies of a post apart. Later ones have higher numbers.
	Number int64  `json:"number"`
	Tag    string `json:"tag"`
	// By is 1 or -1.
	By int `json:"by"`
}

// tally notes how the public tags of a post differ from earlier ones.
func (p *Post) tally(before []string) {
	note := func(tags, others []string, by int) {
		for _, tag := range tags {
			if !slices.Contains(others, tag) {
				p.Tallied++
				p.Tallies = append(p.Tallies, Tally{p.Tallied, tag, by})
			}
		}
	}
	note(before, p.public(), -1)
	note(p.public(), before, 1)
}

// settle removes tallies that have been counted.
func (p *Post) settle(counted []Tally) {
	p.Tallies = slices.DeleteFunc(p.Tallies, func(t Tally) bool { return slices.Contains(counted, t) })
}

// count counts a tally of a post, unless the tag has done so.
func (t *Tag) count(postID string, tally Tally, now time.Time) {
	known := t.Recent[postID].Number
	if tally.Number < known {
		return
	}
	if tally.Number > known {
		t.Count += tally.By
	}
	if t.Recent == nil {
		t.Recent = map[string]Mark{}
	}
	t.Recent[postID] = Mark{tally.Number, now} // also if it comes again: it may come once more
}

const (
	// requestTime is longer than a request or a turn of a schedule takes: nobody still works with what they read before that.
	requestTime = 15 * time.Second
	// maxRecent is how many old marks a tag may have, before it forgets those that no tally needs any more.
	maxRecent = 50
)

// tallies counts tallies.
type tallies struct {
	posts PostStore
	tags  TagStore
}

// count counts the tallies of a post, and returns those that it has counted. What it cannot count now, the schedule does.
func (c tallies) count(ctx context.Context, post Post) (counted []Tally) {
	now := time.Now().UTC().Truncate(time.Second)
	for _, tally := range post.Tallies {
		tag, err := c.tags.Upsert(ctx, tally.Tag, func(t *Tag) error {
			t.count(post.ID, tally, now)
			return nil
		})
		if err != nil {
			return counted // the next ones may be about the same tag, and come later
		}
		counted = append(counted, tally)
		_ = c.forget(ctx, tag, now) // the next count tries again
	}
	return counted
}

// forget removes the old marks of posts that have no tally for the tag any more. A process that has read such a tally is done by then.
func (c tallies) forget(ctx context.Context, tag Tag, now time.Time) error {
	var old []string
	for id, mark := range tag.Recent {
		if now.Sub(mark.At) > 3*requestTime {
			old = append(old, id)
		}
	}
	if len(old) < maxRecent {
		return nil
	}
	posts, err := c.posts.GetEach(ctx, old)
	if err != nil {
		return err
	}
	_, err = c.tags.Upsert(ctx, tag.Name, func(t *Tag) error {
		for _, p := range posts {
			pending := slices.ContainsFunc(p.Tallies, func(tally Tally) bool { return tally.Tag == t.Name })
			if mark := t.Recent[p.ID]; !pending && mark.Number == tag.Recent[p.ID].Number && mark.At.Equal(tag.Recent[p.ID].At) {
				delete(t.Recent, p.ID)
			}
		}
		return nil
	})
	return err
}
