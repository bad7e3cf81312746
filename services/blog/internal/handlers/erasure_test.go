package handlers_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/api/events"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/messaging"
	"stoa/services/blog/internal/domain"
)

// leaves is the event that Ada has deleted her account.
func leaves(t *testing.T, posts string) messaging.Event {
	t.Helper()
	id := callers["ada"].ID
	e := must.Get(messaging.New("account.deleted.v1", id, map[string]any{"id": id, "at": time.Now().UTC(), "posts": posts}))(t)
	must.Do(t, events.Check(e.Type, e.Data))
	return e
}

func (w *world) leave(t *testing.T, posts string) {
	t.Helper()
	e := leaves(t, posts)
	must.Do(t, w.on[e.Type](t.Context(), e))
}

// expectNothingOf fails the test if a document of the store has one of these words.
func (w *world) expectNothingOf(t *testing.T, words ...string) {
	t.Helper()
	for _, key := range w.states.Keys("blog-store", "") {
		for _, word := range words {
			if value := w.states.Value("blog-store", key); strings.Contains(value, word) {
				t.Errorf("%s still has %s: %s", key, word, value)
			}
		}
	}
}

func TestErasure_keepsPostsWithoutTheirAuthor(t *testing.T) {
	w := newWorld(t)
	must.Do(t, w.about(t, "account.changed.v1", "Countess", "https://example.org/ada.png", time.Now()))
	stays, waits, draft := w.published(t, full("Stays")), w.submitted(t, full("Waits")), w.created(t, "ada", full("Draft"))
	w.do(t, "ada", "PATCH", "/author/id/"+stays.ID, object{"text": "Half a thought"})
	said := w.commented(t, "ada", stays.ID, "I was here", "")
	for range 2 {
		w.leave(t, "keep")
	}
	w.expectNothingOf(t, "Countess", "ada@example.com", "ada.png", "Half a thought", "The *text* of Waits", "The *text* of Draft")
	shown := w.do(t, "", "GET", "/id/"+stays.ID, nil)
	if shown.Author.Name != "deleted account" || shown.Author.ProfilePicURL != "" || !strings.Contains(shown.HTML, "<em>text</em>") {
		t.Errorf("got %+v", shown)
	}
	for _, gone := range []post{waits, draft} {
		w.ask(t, "edith", "GET", "/editor/id/"+gone.ID, nil).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	}
	comments := w.commentsAt(t, "", "/id/"+stays.ID+"/comments")
	if len(comments) != 1 || comments[0].ID != said.ID || comments[0].Author.Name != "deleted account" || comments[0].Text != "I was here" {
		t.Errorf("got %+v", comments)
	}
}

func TestErasure_takesPostsAway(t *testing.T) {
	w := newWorld(t)
	goes, bens := w.published(t, full("Goes", "Go")), w.created(t, "ben", full("Ben's"))
	w.leave(t, "delete")
	w.ask(t, "", "GET", "/id/"+goes.ID, nil).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	w.expectNothingOf(t, "The *text* of Goes", "<em>text</em> of Goes", "The text of Goes", "ada@example.com")
	w.expectFound(t, "q=goes", "")
	if got := w.titles(t, "", "/list/latest"); len(got) != 0 {
		t.Errorf("readers see %v", got)
	}
	if !slices.Contains(w.bus.Types(), "post.unpublished.v1") {
		t.Errorf("published: %v", w.bus.Types())
	}
	w.do(t, "ben", "GET", "/author/id/"+bens.ID, nil)
}

// Events that are late do not bring the name back, however their clock stands; nor do requests of a session that is not refused yet.
func TestErasure_isNotUndone(t *testing.T) {
	w := newWorld(t)
	p := w.published(t, full("Stays"))
	w.leave(t, "keep")
	must.Do(t, w.about(t, "account.changed.v1", "Countess", "", time.Now().Add(time.Hour)))
	w.ask(t, "ada", "POST", "/author", full("Another")).ExpectProblem(http.StatusUnauthorized, errs.Unauthenticated, "")
	w.write(t, "ada", ids.New(), p.ID, "Still here", "").ExpectProblem(http.StatusUnauthorized, errs.Unauthenticated, "")
	w.expectNothingOf(t, "Countess", "ada@example.com")
}

// The author saves a draft in a request that began before, and an editor publishes at the same moment.
func TestErasure_findsWhatIsSavedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, choice := range []string{"keep", "delete"} {
			w := newWorld(t)
			left := false
			w.states.Before = func(operation, key string) error {
				if operation == "save" && strings.HasPrefix(key, "post:") && !left {
					left = true
					w.leave(t, choice)
				}
				return nil
			}
			w.created(t, "ada", full("Meanwhile"))
			w.states.Before = nil
			must.Do(t, w.erasure.CatchUp(t.Context()))
			w.expectNothingOf(t, "The *text* of Meanwhile", "ada@example.com")
			time.Sleep(6 * time.Minute)
			before := len(w.states.Keys("blog-store", ""))
			must.Do(t, w.erasure.CatchUp(t.Context()))
			if after := len(w.states.Keys("blog-store", "")); after != before {
				t.Errorf("%d documents became %d", before, after)
			}
		}
	})
}

// A post is published while its author leaves: it stays, or it goes, and is nothing in between.
func TestErasure_meetsAPublication(t *testing.T) {
	for _, choice := range []string{"keep", "delete"} {
		w := newWorld(t)
		p, left := w.submitted(t, full("Race")), false
		w.states.Before = func(operation, key string) error {
			if operation == "save" && key == "post:"+p.ID && !left {
				left = true
				w.leave(t, choice)
			}
			return nil
		}
		answer := w.ask(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil)
		w.states.Before = nil
		must.Do(t, w.erasure.CatchUp(t.Context()))
		read := w.ask(t, "", "GET", "/id/"+p.ID, nil)
		if answer.Code != http.StatusNotFound || read.Code != http.StatusNotFound {
			t.Errorf("%s: the editor got %d, a reader %d", choice, answer.Code, read.Code)
		}
		w.expectNothingOf(t, "ada@example.com", "The *text* of Race")
	}
}

// A text is stored by a request that finds only then that the post is gone. It goes once more.
func TestErasure_findsTextsThatAreStoredMeanwhile(t *testing.T) {
	requests := map[string]func(t *testing.T, w *world, p post) *webtest.Answer{
		"plain:": func(t *testing.T, w *world, p post) *webtest.Answer {
			return w.ask(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil)
		},
		"revision:": func(t *testing.T, w *world, p post) *webtest.Answer {
			w.do(t, "ada", "PATCH", "/author/id/"+p.ID, object{"text": "The *text* of another revision"})
			return w.ask(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil)
		},
	}
	for prefix, request := range requests {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			p, left := w.submitted(t, full("Race")), false
			w.states.Before = func(operation, key string) error {
				if operation == "save" && strings.HasPrefix(key, prefix) && !left {
					left = true
					w.leave(t, "delete")
				}
				return nil
			}
			request(t, w, p).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
			w.states.Before = nil
			time.Sleep(domain.LateTime + time.Second)
			must.Do(t, w.erasure.CatchUp(t.Context()))
			w.expectNothingOf(t, "The *text* of", "<em>text</em>", "The text of")
			waiting, _, err := w.stores.Posts.List(t.Context(), domain.Erasing, "", 10)
			if err != nil || len(waiting) != 0 {
				t.Errorf("%s: the schedule still looks at %v, %v", prefix, waiting, err)
			}
		})
	}
}

// What somebody follows ends. Nobody can follow who has left, and those who do are told of the posts that stay.
func TestErasure_endsWhatIsFollowed(t *testing.T) {
	w := newWorld(t)
	ada, ben := callers["ada"].ID, callers["ben"].ID
	w.published(t, full("A post", "Go"))
	bens := w.created(t, "ben", full("Ben's", "Go"))
	for _, path := range []string{"/following/authors/" + ben, "/following/tags/go"} {
		w.ask(t, "ada", "PUT", path, nil).Expect(http.StatusOK)
	}
	w.ask(t, "rita", "PUT", "/following/authors/"+ada, nil).Expect(http.StatusOK)
	w.leave(t, "keep")
	if follows := w.follows(t, "ada"); len(follows) != 0 {
		t.Errorf("she follows %q", follows)
	}
	if follows := w.follows(t, "rita"); !slices.Equal(follows, []string{"deleted account"}) {
		t.Errorf("Rita follows %q", follows)
	}
	w.ask(t, "edith", "PUT", "/following/authors/"+ada, nil).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	w.ask(t, "ada", "PUT", "/following/tags/go", nil).ExpectProblem(http.StatusUnauthorized, errs.Unauthenticated, "")
	w.do(t, "ben", "PUT", "/author/submit/id/"+bens.ID, nil)
	w.do(t, "edith", "PUT", "/editor/publish/id/"+bens.ID, nil)
	must.Do(t, w.announcing.CatchUp(t.Context()))
	if told := w.told(t, bens.ID); told[ada] != 0 {
		t.Errorf("she is told of posts: %v", told)
	}
}

// She follows somebody in a request that has found that she has not left.
func TestErasure_findsWhatIsFollowedMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.created(t, "ben", full("Ben's"))
	left := false
	w.states.Before = func(operation, key string) error {
		if operation == "save" && strings.HasPrefix(key, "following:") && !left {
			left = true
			w.leave(t, "keep")
		}
		return nil
	}
	w.ask(t, "ada", "PUT", "/following/authors/"+callers["ben"].ID, nil)
	w.states.Before = nil
	must.Do(t, w.erasure.CatchUp(t.Context()))
	if follows := w.follows(t, "ada"); len(follows) != 0 {
		t.Errorf("she follows %q", follows)
	}
}

// Two processes get the event at the same moment, as after a delivery that took too long.
func TestErasure_byTwoProcesses(t *testing.T) {
	w := newWorld(t)
	for _, title := range []string{"First", "Second", "Third"} {
		w.published(t, full(title))
		w.created(t, "ada", full(title+" draft"))
	}
	e := leaves(t, "delete")
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if err := w.on[e.Type](t.Context(), e); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	w.expectNothingOf(t, "The *text* of", "The text of", "ada@example.com")
	w.expectFound(t, "q=text", "")
}

// blog dies before any of its writes: the broker delivers the event again, and the schedule erases texts.
func TestErasure_isFinishedWhateverDies(t *testing.T) {
	must.HaveTime(t)
	for died := 1; ; died++ {
		w := newWorld(t)
		w.published(t, full("First"))
		w.published(t, full("Second"))
		writes := 0
		w.states.Before = func(operation, _ string) error {
			if operation != "get" {
				writes++
			}
			if writes >= died {
				return status.Error(codes.Unavailable, "down")
			}
			return nil
		}
		e := leaves(t, "delete")
		err := w.on[e.Type](t.Context(), e)
		w.states.Before = nil
		if err == nil {
			return
		}
		must.Do(t, w.on[e.Type](t.Context(), e))
		must.Do(t, w.review.CatchUp(t.Context()))
		must.Do(t, w.erasure.CatchUp(t.Context()))
		w.expectNothingOf(t, "The *text* of", "The text of", "ada@example.com")
		w.expectFound(t, "q=text", "")
		if t.Failed() {
			t.Fatalf("after %d writes", died)
		}
	}
}
