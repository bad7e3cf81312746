package handlers_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/services/blog/internal/domain"
	"stoa/services/blog/internal/handlers"
)

// follows lists what somebody follows: the names of authors, and tags, the latest first.
func (w *world) follows(t *testing.T, who string) []string {
	t.Helper()
	all := []string{}
	for _, f := range webtest.Read[struct{ Items []handlers.Followed }](w.ask(t, who, "GET", "/following", nil), http.StatusOK).Items {
		if f.Author != nil {
			all = append(all, f.Author.Name)
		} else {
			all = append(all, f.Tag)
		}
	}
	return all
}

// follower makes an account follow something since an hour ago.
func (w *world) follower(t *testing.T, name string, sources ...domain.Source) string {
	t.Helper()
	id := ids.Derive(name)
	must.Do(t, w.stores.Authors.Upsert(t.Context(), id, func(a *domain.Author) error {
		*a = domain.Author{ID: id, Name: name}
		return nil
	}))
	must.Get(w.stores.Followers.Upsert(t.Context(), id, func(f *domain.Following) error {
		for _, source := range sources {
			f.Follows = append(f.Follows, domain.Follow{Source: source, Since: time.Now().UTC().Add(-time.Hour)})
		}
		return nil
	}))(t)
	return id
}

// told counts how often each account was told of a post. Copies of one event count once: brokers and their consumers know them.
func (w *world) told(t *testing.T, postID string) map[string]int {
	t.Helper()
	told, seen := map[string]int{}, map[string]bool{}
	for _, e := range w.bus.Events() {
		if e.Event.Type != "post.announced.v1" || e.Event.Subject != postID || seen[e.Event.ID] {
			continue
		}
		seen[e.Event.ID] = true
		for _, id := range recipientsOf(t, e.Event.Data) {
			told[id]++
		}
	}
	return told
}

func recipientsOf(t *testing.T, data []byte) []string {
	t.Helper()
	var read struct{ Recipients []struct{ ID string } }
	must.Do(t, json.Unmarshal(data, &read))
	all := make([]string, len(read.Recipients))
	for i, r := range read.Recipients {
		all[i] = r.ID
	}
	return all
}

func TestFollowing_isWhatSomebodyAskedFor(t *testing.T) {
	w := newWorld(t)
	w.published(t, full("A post", "Go", "Sea"))
	ada := callers["ada"].ID
	for _, path := range []string{"/following/authors/" + ada, "/following/tags/go", "/following/tags/Sea"} {
		for range 2 { // the second changes nothing
			w.ask(t, "rita", "PUT", path, nil).Expect(http.StatusOK)
		}
	}
	if got := w.follows(t, "rita"); !slices.Equal(got, []string{"SEA", "GO", "Ada"}) && !slices.Equal(got, []string{"sea", "go", "Ada"}) {
		t.Errorf("Rita follows %q", got)
	}
	for range 2 {
		w.ask(t, "rita", "DELETE", "/following/tags/GO", nil).Expect(http.StatusNoContent)
		w.ask(t, "rita", "DELETE", "/following/authors/"+ids.New(), nil).Expect(http.StatusNoContent)
	}
	if got := w.follows(t, "rita"); len(got) != 2 {
		t.Errorf("Rita follows %q", got)
	}
	w.ask(t, "ada", "PUT", "/following/authors/"+ada, nil).Expect(http.StatusUnprocessableEntity)
	w.ask(t, "rita", "PUT", "/following/authors/"+ids.New(), nil).Expect(http.StatusNotFound)
	w.ask(t, "rita", "PUT", "/following/tags/nothing", nil).Expect(http.StatusNotFound)
	w.ask(t, "una", "PUT", "/following/tags/go", nil).Expect(http.StatusForbidden)
	w.ask(t, "una", "DELETE", "/following/tags/go", nil).Expect(http.StatusNoContent)
}

func TestFollowing_hasALimit(t *testing.T) {
	w := newWorld(t)
	w.published(t, full("A post", "Go"))
	var many []domain.Source
	for n := range 200 {
		many = append(many, domain.Source{Tag: fmt.Sprint("t", n)})
	}
	w.follower(t, "rita", many...)
	w.ask(t, "rita", "PUT", "/following/tags/go", nil).Expect(http.StatusConflict)
}

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
	must.Do(t, w.stores.Authors.Upsert(t.Context(), left, func(a *domain.Author) error {
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
