package handlers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/messaging"
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

// leaves is the event that somebody has deleted their account, whose posts stay.
func (w *world) leaves(t *testing.T, id string) {
	t.Helper()
	e := must.Get(messaging.New("account.deleted.v1", id, map[string]any{"id": id, "at": time.Now().UTC(), "posts": "keep"}))(t)
	must.Do(t, w.on[e.Type](t.Context(), e))
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

// Nobody can follow those who have left, or a tag that is being deleted. Who followed them sees that.
func TestFollowing_endsWithWhatIsFollowed(t *testing.T) {
	w := newWorld(t)
	w.published(t, full("A post", "Go"))
	ada := callers["ada"].ID
	w.ask(t, "rita", "PUT", "/following/authors/"+ada, nil).Expect(http.StatusOK)
	w.leaves(t, ada)
	w.ask(t, "ben", "PUT", "/following/authors/"+ada, nil).Expect(http.StatusNotFound)
	if got := w.follows(t, "rita"); !slices.Equal(got, []string{"deleted account"}) {
		t.Errorf("Rita follows %q", got)
	}
	w.begin(t, "DELETE", "/editor/tags/go", nil)
	w.ask(t, "ben", "PUT", "/following/tags/go", nil).Expect(http.StatusNotFound)
	w.ask(t, "ben", "DELETE", "/following/tags/go", nil).Expect(http.StatusNoContent)
}

// What somebody follows is part of their data, and goes with their account; also what they follow at the same moment.
func TestErasure_endsWhatSomebodyFollows(t *testing.T) {
	w := newWorld(t)
	w.published(t, full("A post", "Go"))
	rita := callers["rita"].ID
	w.ask(t, "rita", "PUT", "/following/tags/go", nil).Expect(http.StatusOK)
	page := w.Do(t, webtest.Request{Path: "/internal/accounts/" + rita + "/data?cursor=follow%20"}).Expect(http.StatusOK).Body.String()
	if !strings.Contains(page, `"kind":"follow"`) || !strings.Contains(page, `"GO"`) {
		t.Errorf("her data is %s", page)
	}
	left := false
	w.states.Before = func(operation, key string) error {
		if operation == "save" && key == "following:"+rita && !left {
			left = true
			w.leaves(t, rita)
		}
		return nil
	}
	w.ask(t, "rita", "PUT", "/following/authors/"+callers["ada"].ID, nil)
	w.states.Before = nil
	must.Do(t, w.erasure.CatchUp(t.Context()))
	known := must.Get(w.stores.Followers.Get(t.Context(), rita))(t)
	if !left || len(known.Follows) != 0 {
		t.Errorf("she still follows %v", known.Follows)
	}
	w.ask(t, "rita", "PUT", "/following/tags/go", nil).ExpectProblem(http.StatusUnauthorized, errs.Unauthenticated, "")
}
