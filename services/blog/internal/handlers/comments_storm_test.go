package handlers_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/services/blog/internal/domain"
	"stoa/services/blog/internal/repositories"
)

// somebody adds a comment, as a new account.
func (w *world) somebody(t *testing.T, postID, replyTo, text string) (id string, err error) {
	t.Helper()
	id = ids.New()
	by := domain.Author{ID: ids.Derive("author", id), Name: "Somebody"}
	_, err = w.talk.Add(t.Context(), by, id, text, domain.Remark{PostID: postID, ReplyTo: replyTo, Text: text}, domain.Intent{By: by.ID, Now: time.Now().UTC()})
	return id, err
}

// Many people comment, delete and moderate while store and broker fail now and then. In the end the counts of post and threads
// are what readers see, and each visible comment was told of.
func TestComments_surviveAStorm(t *testing.T) {
	const people, acts, failing = 6, 30, 120 // one call in so many fails
	w := newWorld(t)
	p := w.published(t, full("A title"))
	var mu sync.Mutex
	var all []string
	for n := range 4 {
		all = append(all, must.Get(w.somebody(t, p.ID, "", fmt.Sprint("Comment ", n)))(t))
	}
	fail := func() error {
		if rand.IntN(failing) == 0 {
			return status.Error(codes.Unavailable, "away")
		}
		return nil
	}
	onState, onTopic := func(string, string) error { return fail() }, func(string) error { return fail() }
	w.states.Before, w.states.After, w.bus.Before, w.bus.After = onState, onState, onTopic, onTopic
	var group sync.WaitGroup
	for person := range people {
		group.Go(func() {
			for act := range acts {
				mu.Lock()
				one := all[rand.IntN(len(all))]
				mu.Unlock()
				intent := domain.Intent{By: ids.Derive("author", one), Now: time.Now().UTC(), Note: fmt.Sprint(person, act)}
				var err error
				switch rand.IntN(8) {
				case 0:
					err = w.talk.Delete(t.Context(), one, intent)
				case 1, 2, 3:
					states := []domain.CommentState{domain.CommentVisible, domain.CommentVisible, domain.CommentHidden, domain.CommentRemoved}
					_, err = w.talk.Moderate(t.Context(), one, states[rand.IntN(len(states))], intent)
				default:
					if rand.IntN(3) == 0 {
						one = "" // a new thread
					}
					id, added := w.somebody(t, p.ID, one, "A text")
					mu.Lock()
					all = append(all, id)
					mu.Unlock()
					err = added
				}
				if errs.Is(err, errs.Internal) {
					t.Error(err)
				}
				_ = w.talk.CatchUp(t.Context()) // fails now and then, as everything does
			}
		})
	}
	group.Wait()
	w.live()
	must.Do(t, w.talk.CatchUp(t.Context()))
	w.checkTalk(t, p.ID, all)
}

// checkTalk compares counts, lists and events with the comments.
func (w *world) checkTalk(t *testing.T, postID string, all []string) {
	t.Helper()
	stored := must.Get(repositories.NewComments(w.side).GetEach(t.Context(), all))(t)
	told := map[string]bool{}
	for _, e := range w.bus.Events() {
		told[e.Subject] = true
	}
	total, replies := 0, map[string]int{}
	for _, c := range stored {
		if c.Visible() {
			total, replies[c.ReplyTo] = total+1, replies[c.ReplyTo]+1
		}
		if c.Visible() && len(c.History) == 0 && !told[c.ID] || c.Unfinished() {
			t.Errorf("unfinished or not told of: %+v", c)
		}
	}
	w.expectCount(t, postID, total)
	for _, c := range stored {
		if c.Replies.Number != replies[c.ID] {
			t.Errorf("the thread %s counts %d replies of %d", c.ID, c.Replies.Number, replies[c.ID])
		}
		if c.ReplyTo == "" {
			if got := len(w.thread(t, postID, c.ID)); got != replies[c.ID] {
				t.Errorf("the thread %s shows %d replies of %d", c.ID, got, replies[c.ID])
			}
		}
	}
}

// The document of a post is as small with many comments as with few, and a page costs what it shows.
func TestComments_areReadAtThePriceOfWhatTheyShow(t *testing.T) {
	must.HaveTime(t)
	const many = 1000
	w := newWorld(t)
	p := w.published(t, full("A title"))
	for n := range many {
		must.Get(w.somebody(t, p.ID, "", fmt.Sprint("Comment ", n)))(t)
	}
	if size := len(w.states.Value("blog-store", "post:"+p.ID)); size > 3000 {
		t.Errorf("the post has %d bytes", size)
	}
	w.expectCount(t, p.ID, many)
	cursor, pages, seen := "", 0, 0
	for ; pages == 0 || cursor != ""; pages++ {
		reads := 0
		w.states.Before = func(string, string) error { reads++; return nil }
		page := webtest.Read[struct {
			Items []comment
			Next  string
		}](w.ask(t, "", "GET", "/id/"+p.ID+"/comments?cursor="+cursor, nil), http.StatusOK)
		w.states.Before = nil
		if reads > 2*20+16 { // the comments, their authors, the post, and the pages of the list
			t.Errorf("page %d: %d keys were read", pages, reads)
		}
		cursor, seen = page.Next, seen+len(page.Items)
	}
	if seen != many || pages != many/20 {
		t.Errorf("%d comments on %d pages", seen, pages)
	}
}

// What authors deleted and editors removed costs readers nothing for long. What is shown again is listed.
func TestCompaction_takesCommentsThatAreGoneOffTheLists(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.published(t, full("A title"))
		var all []string
		for n := range 150 {
			all = append(all, must.Get(w.somebody(t, p.ID, "", fmt.Sprint("Comment ", n)))(t))
		}
		for n, id := range all {
			state := map[bool]domain.CommentState{true: domain.CommentHidden, false: domain.CommentRemoved}[n%50 == 0]
			if n != 75 {
				must.Get(w.talk.Moderate(t.Context(), id, state, domain.Intent{By: callers["edith"].ID, Now: time.Now(), Note: "Spam."}))(t)
			}
		}
		for range 3 {
			time.Sleep(2 * time.Minute)
			w.compact(t)
		}
		reads := 0
		w.states.Before = func(string, string) error { reads++; return nil }
		got := w.thread(t, p.ID, "")
		w.states.Before = nil
		if !slices.Equal(got, []string{`visible "Comment 75" by Somebody, 0`}) || reads > 40 {
			t.Errorf("got %v with %d reads", got, reads)
		}
		for _, id := range []string{all[50], all[149]} {
			w.moderate(t, "edith", id, "visible", "Fine.")
		}
		if got := strings.Join(w.thread(t, p.ID, ""), ""); strings.Count(got, "visible") != 3 || !strings.Contains(got, "Comment 50") || !strings.Contains(got, "Comment 149") {
			t.Errorf("got %s", got)
		}
		if left := w.states.Value("blog-store", "comments:unfinished"); strings.Count(left, `"id"`) > 4 {
			t.Errorf("left is %s", left)
		}
	})
}
