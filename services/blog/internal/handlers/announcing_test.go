package handlers_test

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"stoa/pkg/common/must"
	"stoa/services/blog/internal/domain"
)

// Sixty follow the author, some of them a tag of the post too. Each is told once, also when the post is published again.
func TestAnnouncement_isToldOnce(t *testing.T) {
	w := newWorld(t)
	ada := domain.Source{Author: callers["ada"].ID}
	first := w.published(t, full("The first", "Go"))
	must.Do(t, w.announcing.CatchUp(t.Context()))
	tag := domain.Source{Tag: first.Tags[0]}
	want := map[string]bool{}
	for n := range 60 {
		sources := []domain.Source{ada}
		if n%10 == 0 {
			sources = append(sources, tag)
		}
		want[w.follower(t, fmt.Sprint("reader", n), sources...)] = true
	}
	want[w.follower(t, "of the tag", tag)] = true
	w.follower(t, "ada", tag) // she knows
	w.follower(t, "of another", domain.Source{Tag: "other"})
	left := w.follower(t, "who has left", ada)
	before := must.Get(w.stores.Followers.Get(t.Context(), left))(t)
	w.leaves(t, left)
	must.Get(w.stores.Followers.Upsert(t.Context(), left, func(f *domain.Following) error { // a request that had begun before
		*f = before
		return nil
	}))(t)
	unknown := w.follower(t, "whom no event has told of", ada)
	must.Do(t, w.stores.Authors.Upsert(t.Context(), unknown, func(a *domain.Author) error {
		*a = domain.Author{}
		return nil
	}))

	p := w.published(t, full("The second", "Go"))
	for range 2 {
		must.Do(t, w.announcing.CatchUp(t.Context()))
		w.do(t, "edith", "PUT", "/editor/unpublish/id/"+p.ID, object{})
		w.do(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil)
		w.do(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil)
	}
	must.Do(t, w.announcing.CatchUp(t.Context()))
	told := w.told(t, p.ID)
	for id, n := range told {
		// Who follows both is in two pages, and notification tells them once.
		if !want[id] || n > 2 {
			t.Errorf("%s was told %d times", id, n)
		}
	}
	if len(told) != len(want) {
		t.Errorf("%d were told, want %d", len(told), len(want))
	}
	if again := w.told(t, first.ID); len(again) != 0 {
		t.Errorf("those who followed later were told: %v", again)
	}
}

// Whatever of store and broker fails at any call, everybody is told, by the same events.
func TestAnnouncement_goesOnAfterACrash(t *testing.T) {
	must.HaveTime(t)
	for _, after := range []bool{false, true} {
		for n, died := 1, true; died; n++ {
			w := newWorld(t)
			for reader := range 30 {
				w.follower(t, fmt.Sprint("reader", reader), domain.Source{Author: callers["ada"].ID})
			}
			p := w.published(t, full("A post", "Go"))
			crashed := w.die(n, after)
			_ = w.announcing.CatchUp(t.Context())
			w.live()
			died = crashed()
			must.Do(t, w.announcing.CatchUp(t.Context()))
			told := w.told(t, p.ID)
			for id, times := range told {
				if times != 1 {
					t.Errorf("crash %d: %s was told %d times", n, id, times)
				}
			}
			if len(told) != 30 {
				t.Errorf("crash %d: %d were told", n, len(told))
			}
		}
	}
}

// Whatever dies while a post is published, its followers are told once the schedules have run.
func TestAnnouncement_beginsWhateverDies(t *testing.T) {
	must.HaveTime(t)
	for _, after := range []bool{false, true} {
		for n, died := 1, true; died; n++ {
			w := newWorld(t)
			for reader := range 3 {
				w.follower(t, fmt.Sprint("reader", reader), domain.Source{Author: callers["ada"].ID})
			}
			p := w.submitted(t, full("A post"))
			crashed := w.die(n, after)
			w.ask(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil)
			w.live()
			died = crashed()
			if must.Get(w.stores.Posts.Get(t.Context(), p.ID))(t).Published == nil {
				w.do(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil)
			}
			must.Do(t, w.review.CatchUp(t.Context()))
			must.Do(t, w.announcing.CatchUp(t.Context()))
			told := w.told(t, p.ID)
			for id, times := range told {
				if times != 1 {
					t.Errorf("crash %d, after: %t: %s was told %d times", n, after, id, times)
				}
			}
			if len(told) != 3 {
				t.Errorf("crash %d, after: %t: %d were told", n, after, len(told))
			}
		}
	}
}

// Two processes tell followers at the same moment.
func TestAnnouncement_isToldOnceByTwoProcesses(t *testing.T) {
	w := newWorld(t)
	for reader := range 200 {
		w.follower(t, fmt.Sprint("reader", reader), domain.Source{Author: callers["ada"].ID})
	}
	p := w.published(t, full("A post"))
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if err := w.announcing.CatchUp(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	told := w.told(t, p.ID)
	for id, times := range told {
		if times != 1 {
			t.Errorf("%s was told %d times", id, times)
		}
	}
	if len(told) != 200 {
		t.Errorf("%d were told", len(told))
	}
}

// A page that is read again after a crash has one more follower, who came from a tag that was merged. Brokers do not take that for
// the event before.
func TestAnnouncement_tellsWhoJoinsAPage(t *testing.T) {
	w := newWorld(t)
	ada := domain.Source{Author: callers["ada"].ID}
	w.follower(t, "first", ada)
	p := w.published(t, full("A post"))
	w.bus.After = func(string) error { return errors.New("the answer is lost") }
	_ = w.announcing.CatchUp(t.Context())
	w.bus.After = nil
	if told := w.told(t, p.ID); len(told) != 1 {
		t.Fatalf("told were %v", told)
	}
	second := w.follower(t, "second", ada)
	must.Do(t, w.announcing.CatchUp(t.Context()))
	if told := w.told(t, p.ID); told[second] != 1 {
		t.Errorf("told were %v", told)
	}
}

// An announcement that cannot go on takes no time from another.
func TestAnnouncement_goesOnBesideABrokenOne(t *testing.T) {
	w := newWorld(t)
	w.published(t, full("Broken", "A1"))
	for tag, into := range map[string]string{"A1": "B1", "B1": "A1"} {
		must.Get(w.stores.Tags.Upsert(t.Context(), tag, func(t *domain.Tag) error {
			t.Into = into
			return nil
		}))(t)
	}
	for n := range 60 {
		w.follower(t, fmt.Sprint("reader", n), domain.Source{Author: callers["ada"].ID})
	}
	p := w.published(t, full("Whole", "Go"))
	if w.announcing.CatchUp(t.Context()) == nil {
		t.Error("nobody hears of the broken one")
	}
	if told := len(w.told(t, p.ID)); told != 60 {
		t.Errorf("%d were told", told)
	}
}

// A post is unpublished while its followers are told. The others are told when it is published again.
func TestAnnouncement_waitsForAPostThatIsUnpublished(t *testing.T) {
	w := newWorld(t)
	for reader := range 30 {
		w.follower(t, fmt.Sprint("reader", reader), domain.Source{Author: callers["ada"].ID})
	}
	p := w.published(t, full("A post", "Go"))
	w.bus.Before = func(string) error {
		if len(w.told(t, p.ID)) > 0 {
			return errors.New("down")
		}
		return nil
	}
	_ = w.announcing.CatchUp(t.Context())
	w.bus.Before = nil
	w.do(t, "edith", "PUT", "/editor/unpublish/id/"+p.ID, object{})
	must.Do(t, w.announcing.CatchUp(t.Context()))
	if told := len(w.told(t, p.ID)); told != 25 {
		t.Fatalf("%d were told", told)
	}
	w.do(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil)
	w.do(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil)
	must.Do(t, w.announcing.CatchUp(t.Context()))
	if told := len(w.told(t, p.ID)); told != 30 {
		t.Errorf("%d were told", told)
	}
}

// The followers of a tag that is merged or renamed follow the new one, and are told whenever the job comes in between.
func TestAnnouncement_followsATag(t *testing.T) {
	for name, c := range changes {
		if name == "delete" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			old := w.published(t, full("The first", "Go", "Sea"))
			must.Do(t, w.announcing.CatchUp(t.Context()))
			reader := w.follower(t, "rita", domain.Source{Tag: old.Tags[0]})
			p := w.published(t, full("The second", "Go"))
			if status := w.run(t, c); status >= 300 {
				t.Fatalf("got %d", status)
			}
			must.Do(t, w.announcing.CatchUp(t.Context()))
			if told := w.told(t, p.ID); told[reader] == 0 {
				t.Errorf("she was not told: %v", told)
			}
			later := w.published(t, full("The third", "Go"))
			must.Do(t, w.announcing.CatchUp(t.Context()))
			if told := w.told(t, later.ID); told[reader] != 1 {
				t.Errorf("she follows %q, and was told %v", w.follows(t, "rita"), told)
			}
			w.ask(t, "rita", "DELETE", "/following/tags/go", nil).Expect(http.StatusNoContent) // by its former name
			if left := w.follows(t, "rita"); len(left) != 0 {
				t.Errorf("she follows %q", left)
			}
		})
	}
}

func TestAnnouncement_ofADeletedTagIsToldToNobody(t *testing.T) {
	w := newWorld(t)
	old := w.published(t, full("The first", "Go", "Sea"))
	must.Do(t, w.announcing.CatchUp(t.Context()))
	w.follower(t, "rita", domain.Source{Tag: old.Tags[0]})
	if status := w.run(t, changes["delete"]); status >= 300 {
		t.Fatalf("got %d", status)
	}
	if left := w.follows(t, "rita"); len(left) != 0 {
		t.Errorf("she follows %q", left)
	}
}
