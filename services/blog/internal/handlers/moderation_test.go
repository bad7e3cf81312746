package handlers_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/services/blog/internal/domain"
	"stoa/services/blog/internal/repositories"
)

func TestModeration_keepsThePlaceOfWhatHasReplies(t *testing.T) {
	w := newWorld(t)
	p := w.published(t, full("A title"))
	c, alone := w.commented(t, "rita", p.ID, "A text", ""), w.commented(t, "rita", p.ID, "Alone", "")
	reply := w.commented(t, "ben", p.ID, "A reply", c.ID)
	for _, state := range []string{"hidden", "removed"} {
		for _, id := range []string{c.ID, alone.ID} {
			got := webtest.Read[comment](w.moderate(t, "edith", id, state, "Spam."), http.StatusOK)
			if got.State != state || got.Text == "" || got.Author.Name != "Rita" || got.PostID != p.ID {
				t.Errorf("the editor sees %+v", got)
			}
			w.ask(t, "rita", "PATCH", "/comments/"+id, object{"text": "Again"}).ExpectProblem(http.StatusConflict, errs.Conflict, "")
			w.ask(t, "rita", "DELETE", "/comments/"+id, nil).ExpectProblem(http.StatusConflict, errs.Conflict, "")
			w.write(t, "ben", "k", p.ID, "A reply", id).ExpectProblem(http.StatusConflict, errs.Conflict, "")
		}
		expectLines(t, w.thread(t, p.ID, ""), state+` "" by nobody, 1`)
		expectLines(t, w.thread(t, p.ID, c.ID), `visible "A reply" by Ben, 0`)
		w.expectCount(t, p.ID, 1)
	}
	w.moderate(t, "emil", c.ID, "visible", "It is fine.").Expect(http.StatusOK)
	w.moderate(t, "emil", reply.ID, "hidden", "Let us see.").Expect(http.StatusOK)
	expectLines(t, w.thread(t, p.ID, ""), `visible "A text" by Rita, 0`)
	w.expectCount(t, p.ID, 1)
	got := webtest.Read[comment](w.moderate(t, "emil", c.ID, "visible", "It is fine."), http.StatusOK) // a repeated request
	var history []string
	for _, m := range got.History {
		history = append(history, fmt.Sprint(m.State, m.By == callers["emil"].ID, m.Reason))
	}
	expectLines(t, history, "hiddenfalseSpam.", "removedfalseSpam.", "visibletrueIt is fine.")
	for _, who := range []string{"ada", "rita"} {
		w.moderate(t, who, c.ID, "removed", "Mine.").ExpectProblem(http.StatusForbidden, errs.Forbidden, "")
		w.ask(t, who, "GET", "/editor/reports", nil).ExpectProblem(http.StatusForbidden, errs.Forbidden, "")
	}
	w.moderate(t, "edith", ids.Derive("nothing"), "removed", "Spam.").ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	w.moderate(t, "edith", c.ID, "deleted", "Spam.").ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "state")
	w.moderate(t, "edith", c.ID, "hidden", "  \t").ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "reason")
}

func TestReports_waitForAnEditor(t *testing.T) {
	w := newWorld(t)
	p := w.published(t, full("A title"))
	c, fine := w.commented(t, "rita", p.ID, "A text", ""), w.commented(t, "rita", p.ID, "Fine", "")
	report := func(who, id, reason string) {
		t.Helper()
		w.ask(t, who, "POST", "/comments/"+id+"/report", object{"reason": reason}).Expect(http.StatusNoContent)
	}
	report("ben", c.ID, "Spam.")
	report("ben", c.ID, "Spam, I say.")
	report("ada", c.ID, "An advertisement.")
	report("ada", fine.ID, "I do not like it.")
	w.ask(t, "rita", "PATCH", "/comments/"+c.ID, object{"text": "Innocent"}).ExpectProblem(http.StatusConflict, errs.Conflict, "")
	open := w.commentsAt(t, "edith", "/editor/reports")
	if len(open) != 2 || open[1].ID != c.ID || len(open[1].Reports) != 2 || open[1].Reports[0].By != callers["ben"].ID || open[1].Reports[0].Reason != "Spam." {
		t.Fatalf("got %+v", open)
	}
	w.moderate(t, "edith", c.ID, "removed", "Spam.").Expect(http.StatusOK)
	w.moderate(t, "edith", fine.ID, "visible", "Nothing is wrong with it.").Expect(http.StatusOK)
	if open := w.commentsAt(t, "edith", "/editor/reports"); len(open) != 0 {
		t.Errorf("got %+v", open)
	}
	if decided := w.commentsAt(t, "emil", "/editor/reports?state=decided"); len(decided) != 2 || decided[0].History[0].Reason == "" {
		t.Errorf("got %+v", decided)
	}
	report("ben", fine.ID, "Look again.")
	w.moderate(t, "edith", fine.ID, "visible", "Nothing is wrong with it.").Expect(http.StatusOK)
	if open := w.commentsAt(t, "edith", "/editor/reports"); len(open) != 0 {
		t.Errorf("got %+v", open)
	}
	expectLines(t, w.thread(t, p.ID, ""), `visible "Fine" by Rita, 0`)
}

// A comment that many report does not grow without end.
func TestReports_areBounded(t *testing.T) {
	w := newWorld(t)
	c := w.commented(t, "rita", w.published(t, full("A title")).ID, "A text", "")
	for n := range 60 {
		must.Do(t, w.talk.Report(t.Context(), c.ID, "Spam.", domain.Intent{By: ids.Derive("reader", fmt.Sprint(n)), Now: time.Now()}))
	}
	if open := w.commentsAt(t, "edith", "/editor/reports"); len(open) != 1 || len(open[0].Reports) != 50 {
		t.Errorf("got %d comments", len(open))
	}
}

// Ten a minute and account, however many processes there are. What is refused or repeated does not count, and nobody waits for
// somebody else.
func TestComments_areTenAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.published(t, full("A title"))
		write := func(n int) *webtest.Answer {
			return w.write(t, "rita", fmt.Sprint(n), p.ID, fmt.Sprint("Comment ", n), "")
		}
		for n := range 10 {
			write(n).Expect(http.StatusCreated)
			write(n).Expect(http.StatusCreated)
			w.write(t, "rita", "bad", p.ID, "", "").Expect(http.StatusUnprocessableEntity)
			time.Sleep(time.Second)
		}
		again := domain.NewDiscussion(repositories.Stores(w.side, w.index), texts, nil) // another process
		_, err := again.Add(t.Context(), domain.Author{ID: callers["rita"].ID, Name: "Rita"}, ids.New(), "", domain.Remark{PostID: p.ID, Text: "One more"},
			domain.Intent{By: callers["rita"].ID, Now: time.Now()})
		if !errs.Is(err, errs.RateLimited) {
			t.Errorf("got %v", err)
		}
		refused := write(10)
		refused.ExpectProblem(http.StatusTooManyRequests, errs.RateLimited, "")
		if wait := refused.Header().Get("Retry-After"); wait != "50" {
			t.Errorf("got %s", wait)
		}
		write(3).Expect(http.StatusCreated) // which is there
		w.write(t, "ben", "k", p.ID, "Mine", "").Expect(http.StatusCreated)
		time.Sleep(50 * time.Second)
		write(10).Expect(http.StatusCreated)
		write(11).ExpectProblem(http.StatusTooManyRequests, errs.RateLimited, "")
		w.expectCount(t, p.ID, 12)
		if ttl := w.states.TTL("blog-store", "pace:"+callers["rita"].ID); ttl != "120" {
			t.Errorf("the pace is stored for %s s", ttl)
		}
	})
}

// The author of the post and those in the thread are told, each once, and nobody of what they wrote themselves.
func TestComments_areToldOfToThoseWhomTheyConcern(t *testing.T) {
	w := newWorld(t)
	p := w.published(t, full("A title"))
	told := func(want ...string) {
		t.Helper()
		events := w.bus.Events()
		e := events[len(events)-1]
		var got []string
		var event struct {
			Post       struct{ ID, Title, Slug string }
			Author     struct{ ID, Name, Email string }
			Excerpt    string
			Recipients []struct{ ID, Name, Email string }
		}
		must.Do(t, json.Unmarshal(e.Data, &event))
		for _, r := range event.Recipients {
			got = append(got, r.Name+" "+r.Email)
		}
		if !slices.Equal(got, want) || e.Type != "comment.added.v1" || event.Post.Title != "A title" || event.Post.Slug != "a-title" || event.Author.Email != "" {
			t.Errorf("%s: told were %q, want %q", event.Excerpt, got, want)
		}
	}
	own := w.commented(t, "ada", p.ID, "By the author", "")
	told()
	first := w.commented(t, "rita", p.ID, "First", "")
	told("Ada ada@example.com")
	reply := w.commented(t, "ben", p.ID, "A reply", first.ID)
	told("Ada ada@example.com", "Rita ")
	w.commented(t, "both", p.ID, "A reply to the reply", reply.ID)
	told("Ada ada@example.com", "Rita ", "Ben ben@example.com")
	w.commented(t, "rita", p.ID, "An answer", reply.ID)
	told("Ada ada@example.com", "Ben ben@example.com", "Both both@example.com")
	w.commented(t, "rita", p.ID, "To the author", own.ID)
	told("Ada ada@example.com")
	w.moderate(t, "edith", reply.ID, "removed", "Spam.").Expect(http.StatusOK)
	w.commented(t, "emil", p.ID, "Later", first.ID)
	told("Ada ada@example.com", "Rita ", "Both both@example.com")
}

// The broker is down: the reader is told, the comment is there and counted, and the schedule publishes the event.
func TestComments_whileTheBrokerIsDownAreFinishedLater(t *testing.T) {
	w := newWorld(t)
	p := w.published(t, full("A title"))
	w.bus.Before = func(string) error { return errors.New("down") }
	w.write(t, "rita", "k", p.ID, "A text", "").ExpectProblem(http.StatusServiceUnavailable, errs.Unavailable, "")
	for range 4 {
		if _, err := w.somebody(t, p.ID, "", "Another"); !errs.Is(err, errs.Unavailable) {
			t.Errorf("got %v", err)
		}
	}
	w.expectCount(t, p.ID, 5)
	if stored := must.Get(repositories.NewPosts(w.side).Get(t.Context(), p.ID))(t); len(stored.Comments.Pending) > 1 {
		t.Errorf("the post remembers %v", stored.Comments.Pending)
	}
	w.bus.Before = nil
	for range 2 {
		must.Do(t, w.talk.CatchUp(t.Context()))
	}
	if types := w.bus.Types(); !slices.Equal(types[2:], slices.Repeat([]string{"comment.added.v1"}, 5)) {
		t.Errorf("published %v", types)
	}
	w.write(t, "rita", "k", p.ID, "A text", "").Expect(http.StatusCreated)
	w.expectCount(t, p.ID, 5)
}
