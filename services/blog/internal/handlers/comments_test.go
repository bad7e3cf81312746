package handlers_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
)

// comment is a comment as any operation shows it.
type comment struct {
	ID, ReplyTo, State, Text, HTML, PostID string
	Author                                 *struct{ ID, Name, ProfilePicURL string }
	EditedAt                               *time.Time
	Replies                                int
	Reports                                []struct{ By, Reason string }
	History                                []struct{ State, By, Reason string }
}

// write asks for a comment on a post, or with replyTo for a reply. The key is that of the request.
func (w *world) write(t *testing.T, who, key, postID, text, replyTo string) *webtest.Answer {
	t.Helper()
	body := object{"text": text}
	if replyTo != "" {
		body["replyTo"] = replyTo
	}
	return w.askWith(t, http.Header{"Idempotency-Key": {key}}, who, "POST", "/id/"+postID+"/comments", body)
}

// commented makes a comment whose id follows from its text.
func (w *world) commented(t *testing.T, who, postID, text, replyTo string) comment {
	t.Helper()
	return webtest.Read[comment](w.write(t, who, ids.Derive(text), postID, text, replyTo), http.StatusCreated)
}

// commentsAt returns all pages of a list of comments.
func (w *world) commentsAt(t *testing.T, who, path string) (all []comment) {
	t.Helper()
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	for cursor := ""; ; {
		page := webtest.Read[struct {
			Items []comment
			Next  string
		}](w.ask(t, who, "GET", path+separator+"limit=2&cursor="+cursor, nil), http.StatusOK)
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
}

// thread shows the comments on a post, or the replies to one: state, text, author and number of replies.
func (w *world) thread(t *testing.T, postID, replyTo string) []string {
	t.Helper()
	path := "/id/" + postID + "/comments"
	if replyTo != "" {
		path += "?replyTo=" + replyTo
	}
	lines := []string{}
	for _, c := range w.commentsAt(t, "", path) {
		by := "nobody"
		if c.Author != nil {
			by = c.Author.Name
		}
		lines = append(lines, fmt.Sprintf("%s %q by %s, %d", c.State, c.Text, by, c.Replies))
	}
	return lines
}

func expectLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// expectCount checks the count of comments everywhere that readers see it.
func (w *world) expectCount(t *testing.T, postID string, want int) {
	t.Helper()
	listed := webtest.Read[struct{ Items []post }](w.ask(t, "", "GET", "/list/latest", nil), http.StatusOK).Items
	i := slices.IndexFunc(listed, func(p post) bool { return p.ID == postID })
	if read := w.do(t, "", "GET", "/id/"+postID, nil).Comments; read != want || listed[i].Comments != want {
		t.Errorf("counted are %d and %d, want %d", read, listed[i].Comments, want)
	}
}

func (w *world) moderate(t *testing.T, who, id, state, reason string) *webtest.Answer {
	t.Helper()
	return w.ask(t, who, "PUT", "/editor/comments/"+id, object{"state": state, "reason": reason})
}

func TestComments_areInThreadsAndCounted(t *testing.T) {
	w := newWorld(t)
	p := w.published(t, full("A title"))
	first := w.commented(t, "rita", p.ID, "First,\nsee https://example.org/a?b=1&c <b>", "")
	w.commented(t, "ben", p.ID, "Second", "")
	reply := w.commented(t, "ada", p.ID, "A reply", first.ID)
	deeper := w.commented(t, "rita", p.ID, "A reply to the reply", reply.ID)
	if reply.ReplyTo != first.ID || deeper.ReplyTo != first.ID {
		t.Errorf("got %+v and %+v", reply, deeper)
	}
	if want := "<p>First,<br>\nsee <a href=\"https://example.org/a?b=1&amp;c\" rel=\"ugc nofollow noopener\">" +
		"https://example.org/a?b=1&amp;c</a> &lt;b&gt;</p>\n"; first.HTML != want {
		t.Errorf("got %s", first.HTML)
	}
	expectLines(t, w.thread(t, p.ID, ""), `visible "Second" by Ben, 0`, fmt.Sprintf("visible %q by Rita, 2", first.Text))
	expectLines(t, w.thread(t, p.ID, first.ID), `visible "A reply to the reply" by Rita, 0`, `visible "A reply" by Ada, 0`)
	w.expectCount(t, p.ID, 4)
	if etag := w.ask(t, "ada", "GET", "/author/id/"+p.ID, nil).Header().Get("ETag"); etag != `"3"` {
		t.Errorf("comments make versions of the post: %s", etag)
	}
	w.do(t, "ada", "PATCH", "/author/id/"+p.ID, object{"text": "Another."}, `"3"`)
	w.expectCount(t, p.ID, 4)
	must.Do(t, w.about(t, "account.changed.v1", "Countess", "https://example.org/a.png", time.Now().Add(time.Hour)))
	shown := w.commentsAt(t, "", "/id/"+p.ID+"/comments?replyTo="+first.ID)
	if by := shown[1].Author; by.Name != "Countess" || by.ProfilePicURL != "https://example.org/a.png" {
		t.Errorf("got %+v", by)
	}
}

func TestComments_mayBeCachedForAMoment(t *testing.T) {
	w := newWorld(t)
	p := w.published(t, full("A title"))
	header := w.ask(t, "", "GET", "/id/"+p.ID+"/comments", nil).Expect(http.StatusOK).Header()
	if header.Get("Cache-Control") != "public, max-age=1" || header.Get("ETag") == "" {
		t.Errorf("got %v", header)
	}
}

func TestComments_areRefusedWhereReadersSeeNothing(t *testing.T) {
	w := newWorld(t)
	waiting, gone, other := w.submitted(t, full("Waiting")), w.published(t, full("Gone")), w.published(t, full("Other"))
	deleted := w.published(t, full("Deleted"))
	there := w.commented(t, "rita", other.ID, "There", "")
	lost := w.commented(t, "rita", gone.ID, "Lost", "")
	w.do(t, "edith", "PUT", "/editor/unpublish/id/"+gone.ID, object{"note": "Wrong."})
	w.ask(t, "ada", "DELETE", "/author/id/"+deleted.ID, nil).Expect(http.StatusNoContent)
	for _, id := range []string{waiting.ID, gone.ID, deleted.ID, ids.Derive("nothing")} {
		w.write(t, "rita", "k", id, "A text", "").ExpectProblem(http.StatusNotFound, errs.NotFound, "")
		w.ask(t, "", "GET", "/id/"+id+"/comments", nil).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	}
	for _, replyTo := range []string{ids.Derive("nothing"), lost.ID} {
		w.write(t, "rita", "k", other.ID, "A text", replyTo).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	}
	w.write(t, "", "k", other.ID, "A text", "").ExpectProblem(http.StatusUnauthorized, errs.Unauthenticated, "")
	expectLines(t, w.thread(t, other.ID, lost.ID))
	w.expectCount(t, other.ID, 1)

	// A post that is published again has its comments.
	w.do(t, "ada", "PUT", "/author/submit/id/"+gone.ID, nil)
	w.do(t, "edith", "PUT", "/editor/publish/id/"+gone.ID, nil)
	expectLines(t, w.thread(t, gone.ID, ""), `visible "Lost" by Rita, 0`)
	w.moderate(t, "edith", there.ID, "removed", "Spam.").Expect(http.StatusOK)
	w.write(t, "ben", "k", other.ID, "A reply", there.ID).ExpectProblem(http.StatusConflict, errs.Conflict, "")
}

// Comments are seen by everyone and mailed to those in the thread, and reports are seen by editors.
func TestComments_areRefusedUntilTheAddressIsVerified(t *testing.T) {
	w := newWorld(t)
	p := w.published(t, full("A title"))
	c := w.commented(t, "rita", p.ID, "A text", "")
	w.write(t, "una", "k", p.ID, "A text", c.ID).ExpectProblem(http.StatusForbidden, errs.Unverified, "")
	w.ask(t, "una", "POST", "/comments/"+c.ID+"/report", object{"reason": "Spam."}).ExpectProblem(http.StatusForbidden, errs.Unverified, "")
	w.expectCount(t, p.ID, 1)
}

func TestComments_areTextsThatCanBeSeen(t *testing.T) {
	w := newWorld(t)
	p := w.published(t, full("A title"))
	c := w.commented(t, "rita", p.ID, " \r\nA\r\ntext \n ", "")
	if c.Text != "A\ntext" {
		t.Errorf("got %q", c.Text)
	}
	for name, text := range map[string]string{
		"nothing": "", "spaces": " \t\n", "other spaces": "\u00a0\u3000\u2028", "no width": "\u200b\u200d\ufeff", "a Braille blank": "\u2800",
		"a NUL": "a\x00b", "too much": strings.Repeat("a", 5001),
	} {
		t.Run(name, func(t *testing.T) {
			w.write(t, "rita", "k", p.ID, text, "").ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "text")
			w.ask(t, "rita", "PATCH", "/comments/"+c.ID, object{"text": text}).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "text")
		})
	}
	w.write(t, "rita", "k", p.ID, "Fine", "no id").ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "replyTo")
	w.write(t, "rita", "k", p.ID, strings.Repeat("a", 10<<20), "").ExpectProblem(http.StatusRequestEntityTooLarge, errs.TooLarge, "")
	w.commented(t, "rita", p.ID, strings.Repeat("😀", 5000), "")
	w.expectCount(t, p.ID, 2)
}

func TestComments_changeForFifteenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.published(t, full("A title"))
		c := w.commented(t, "rita", p.ID, "A text", "")
		edit := func(who, text string) *webtest.Answer {
			return w.ask(t, who, "PATCH", "/comments/"+c.ID, object{"text": text})
		}
		edit("ben", "Mine").ExpectProblem(http.StatusNotFound, errs.NotFound, "")
		edit("edith", "Mine").ExpectProblem(http.StatusNotFound, errs.NotFound, "")
		if got := webtest.Read[comment](edit("rita", "A text"), http.StatusOK); got.EditedAt != nil {
			t.Errorf("an edit that changes nothing counts: %+v", got)
		}
		time.Sleep(15 * time.Minute)
		if got := webtest.Read[comment](edit("rita", "Another text"), http.StatusOK); got.Text != "Another text" || got.EditedAt == nil {
			t.Errorf("got %+v", got)
		}
		time.Sleep(time.Second)
		edit("rita", "A third").ExpectProblem(http.StatusConflict, errs.Conflict, "")
		edit("rita", "Another text").Expect(http.StatusOK) // its answer may have been lost
		expectLines(t, w.thread(t, p.ID, ""), `visible "Another text" by Rita, 0`)
		w.expectCount(t, p.ID, 1)
	})
}

func TestComments_areDeletedByTheirAuthors(t *testing.T) {
	w := newWorld(t)
	p := w.published(t, full("A title"))
	c, alone := w.commented(t, "rita", p.ID, "A text", ""), w.commented(t, "rita", p.ID, "Alone", "")
	reply := w.commented(t, "ben", p.ID, "A reply", c.ID)
	w.ask(t, "ben", "DELETE", "/comments/"+c.ID, nil).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	w.ask(t, "ben", "DELETE", "/comments/"+ids.Derive("nothing"), nil).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	for range 2 { // the second is a repeated request
		w.ask(t, "rita", "DELETE", "/comments/"+c.ID, nil).Expect(http.StatusNoContent)
		w.ask(t, "rita", "DELETE", "/comments/"+alone.ID, nil).Expect(http.StatusNoContent)
	}
	expectLines(t, w.thread(t, p.ID, ""), `deleted "" by nobody, 1`)
	w.expectCount(t, p.ID, 1)
	if stored := w.states.Value("blog-store", "comment:"+c.ID); strings.Contains(stored, "A text") {
		t.Errorf("the text is still there: %s", stored)
	}
	w.write(t, "ada", "k", p.ID, "A reply", c.ID).ExpectProblem(http.StatusConflict, errs.Conflict, "")
	w.ask(t, "rita", "PATCH", "/comments/"+c.ID, object{"text": "Again"}).ExpectProblem(http.StatusConflict, errs.Conflict, "")
	w.ask(t, "ben", "POST", "/comments/"+c.ID+"/report", object{"reason": "Spam."}).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	w.moderate(t, "edith", c.ID, "visible", "Fine.").ExpectProblem(http.StatusConflict, errs.Conflict, "")
	w.write(t, "rita", ids.Derive("A text"), p.ID, "A text", "").ExpectProblem(http.StatusNotFound, errs.NotFound, "")

	// The thread goes with its last reply.
	w.ask(t, "ben", "DELETE", "/comments/"+reply.ID, nil).Expect(http.StatusNoContent)
	expectLines(t, w.thread(t, p.ID, ""))
	w.expectCount(t, p.ID, 0)
}

// A request that is sent again, at the same time or later, adds one comment, with one event.
func TestComments_areAddedOnce(t *testing.T) {
	w := newWorld(t)
	p, other := w.published(t, full("A title")), w.published(t, full("Other"))
	added := webtest.Together(8, func(int) string { return w.commented(t, "rita", p.ID, "A text", "").ID })
	if slices.Sort(added); len(slices.Compact(added)) != 1 {
		t.Errorf("got %v", added)
	}
	w.expectCount(t, p.ID, 1)
	expectLines(t, w.thread(t, p.ID, ""), `visible "A text" by Rita, 0`)
	key := ids.Derive("A text")
	w.write(t, "rita", key, p.ID, "Another", "").ExpectProblem(http.StatusUnprocessableEntity, errs.KeyReused, "")
	w.write(t, "rita", key, other.ID, "A text", "").ExpectProblem(http.StatusUnprocessableEntity, errs.KeyReused, "")
	w.write(t, "ben", key, p.ID, "A text", "").Expect(http.StatusCreated)
	w.expectCount(t, p.ID, 2)
	events := map[string]bool{}
	for _, e := range w.bus.Events() {
		if e.Type == "comment.added.v1" {
			events[e.ID] = true
		}
	}
	if len(events) != 2 {
		t.Errorf("published %d events", len(events))
	}
}
