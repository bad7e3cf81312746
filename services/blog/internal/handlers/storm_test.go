package handlers_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/services/blog/internal/domain"
	"stoa/services/blog/internal/repositories"
)

// Many people work on a few posts while store and broker fail now and then. In the end, lists, history and events agree with
// the posts, and readers get what was published last.
func TestPosts_surviveAStorm(t *testing.T) {
	const people, acts, failing = 6, 25, 30 // one call in so many fails
	w := newWorld(t)
	var posts []string
	for n := range 3 {
		posts = append(posts, w.created(t, "ada", full(fmt.Sprintf("Post %d", n))).ID)
	}
	fail := func() error {
		if rand.IntN(failing) == 0 {
			return status.Error(codes.Unavailable, "away")
		}
		return nil
	}
	onState, onTopic := func(string, string) error { return fail() }, func(string) error { return fail() }
	w.states.Before, w.states.After, w.bus.Before, w.bus.After = onState, onState, onTopic, onTopic
	names := []string{"edit", "edit", "submit", "submit", "publish", "publish", "refuse", "withdraw", "unpublish"}
	var all sync.WaitGroup
	for person := range people {
		all.Go(func() {
			for act := range acts {
				o := operations[names[rand.IntN(len(names))]]
				if o.body["text"] != nil {
					o.body = object{"text": fmt.Sprintf("Text %d of %d.", act, person)}
				}
				if answer := o.send(t, w, posts[rand.IntN(len(posts))]); answer.Code == http.StatusInternalServerError {
					t.Errorf("got %s", answer.Body)
				}
				_ = w.review.CatchUp(t.Context()) // fails now and then, as everything does
			}
		})
	}
	all.Wait()
	w.live()
	must.Do(t, w.review.CatchUp(t.Context()))
	stored := map[string]domain.Post{}
	for _, id := range posts {
		p := must.Get(repositories.NewPosts(w.side).Get(t.Context(), id))(t)
		stored[id] = p
		w.checkEvents(t, p)
		w.checkReaders(t, p)
	}
	w.checkLists(t, stored)
}

// checkEvents compares what was published about a post with its history, which is complete if it has fewer steps than it keeps.
func (w *world) checkEvents(t *testing.T, p domain.Post) {
	t.Helper()
	told := map[string]string{} // types, by id
	for _, e := range w.bus.Events() {
		if e.Subject == p.ID {
			told[e.ID] = e.Type
		}
	}
	got, want := map[string]int{}, map[string]int{}
	for _, kind := range told {
		got[kind]++
	}
	types := map[domain.Act]domain.EventType{
		domain.Submit: domain.PostSubmitted, domain.Publish: domain.PostPublished, domain.Refuse: domain.PostRefused, domain.Unpublish: domain.PostUnpublished,
	}
	for _, s := range p.History {
		if kind := types[s.Act]; kind != "" {
			want[string(kind)+".v1"]++
		}
	}
	if len(p.History) < 50 && fmt.Sprint(got) != fmt.Sprint(want) || len(p.Events) > 0 {
		t.Errorf("published was %v, the history has %v, and left is %v", got, want, p.Events)
	}
}

// checkReaders checks that readers get the published revision.
func (w *world) checkReaders(t *testing.T, p domain.Post) {
	t.Helper()
	answer := w.ask(t, "", "GET", "/id/"+p.ID, nil)
	if p.Published == nil {
		answer.Expect(http.StatusNotFound)
		return
	}
	public := webtest.Read[post](answer, http.StatusOK)
	revision := must.Get(repositories.NewRevisions(w.side).Get(t.Context(), p.ID, p.Published.Revision))(t)
	if made := must.Get(texts.Render(revision.Content.Text))(t); public.HTML != made.HTML || public.Slug != p.Slug() {
		t.Errorf("readers get %+v, published is %+v", public, revision)
	}
}

func (w *world) checkLists(t *testing.T, stored map[string]domain.Post) {
	t.Helper()
	for path, list := range map[string]string{
		"/author/drafts": domain.DraftsOf(callers["ada"].ID), "/author/submitted": domain.SubmissionsOf(callers["ada"].ID),
		"/list/latest": domain.Latest, "/list/tag/go": domain.Tagged("GO"), "/list/author/" + callers["ada"].ID: domain.PublishedBy(callers["ada"].ID),
	} {
		var want []string
		for _, p := range stored {
			if p.IsOn(list) {
				want = append(want, p.Newest().Title)
			}
		}
		got := w.titles(t, "ada", path)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
}
