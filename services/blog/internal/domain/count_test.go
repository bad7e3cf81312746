package domain

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// settler is a process that settles one comment. It may stop or sleep before each of its steps.
type settler struct {
	of      string
	next    int
	seen    Comment
	count   Count
	edition int
	changed bool
}

// table has a count and what it counts. edition stands for the ETag of the count.
type table struct {
	comments map[string]*Comment
	count    Count
	edition  int
}

func (b *table) read(ids []string) (all []Comment) {
	for _, id := range ids {
		all = append(all, *b.comments[id])
	}
	return all
}

// step does what Discussion.finish does, one call to the store at a time.
func (b *table) step(s *settler) {
	switch s.next {
	case 0:
		s.seen = *b.comments[s.of]
	case 1:
		s.count, s.edition = b.count, b.edition
	case 2:
		s.changed = s.count.settle(b.read(s.count.unsettled(s.of)))
	case 3:
		if s.changed && s.edition != b.edition {
			s.next = 1 // another was quicker
			return
		}
		if s.changed {
			b.count, b.edition = s.count, b.edition+1
		}
	case 4:
		if stored := b.comments[s.of]; stored.Counted.Version < s.seen.Version {
			stored.Counted = s.seen.countedAs()
		}
	}
	s.next++
}

const steps = 5

// Comments appear and go while several processes settle them, each as slowly as it likes. In the end the count is right, and
// remembers none of them.
func TestCount_takesEachChangeOnce(t *testing.T) {
	ids := []string{"a", "b", "c"}
	for range 5000 {
		b := table{comments: map[string]*Comment{}}
		for _, id := range ids {
			b.comments[id] = &Comment{ID: id, State: CommentVisible, Version: 1}
		}
		var running []*settler
		for range 80 {
			id := ids[rand.IntN(len(ids))]
			switch chance := rand.IntN(12); {
			case chance == 0:
				b.comments[id].become([]CommentState{CommentVisible, CommentHidden}[rand.IntN(2)])
			case chance <= 3 && len(running) < 4:
				running = append(running, &settler{of: id})
			case len(running) > 0:
				b.step(running[rand.IntN(len(running))])
			}
			running = slices.DeleteFunc(running, func(s *settler) bool { return s.next == steps })
		}
		for range 2 { // the schedule
			for _, id := range ids {
				running = append(running, &settler{of: id})
			}
		}
		for _, s := range running {
			for s.next < steps {
				b.step(s)
			}
		}
		want := 0
		for _, c := range b.read(ids) {
			if c.Visible() {
				want++
			}
		}
		b.count.settle(b.read(ids))
		if b.count.Number != want || len(b.count.Pending) != 0 {
			t.Fatalf("got %+v, want %d", b.count, want)
		}
	}
}
