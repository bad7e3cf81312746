package e2e

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"stoa/internal/stack/state"
	"stoa/test/client"
	"stoa/test/system"
)

// comment is a comment as the API shows it to anyone.
type comment struct {
	ID, ReplyTo, State, Text, HTML string
	Author                         *struct{ ID, Name string }
	Replies                        int
}

// commentable publishes a post and returns its id.
func commentable(t *testing.T, shop *client.Shop, author client.User, title string) string {
	t.Helper()
	var p post
	shop.Must(t, client.Request{Method: "POST", Path: "/blog/author", As: author, Body: map[string]any{
		"title": title, "description": "A test.", "text": "Read *it*.", "tags": []string{"Comments"},
	}}, http.StatusCreated, &p)
	shop.Must(t, client.Request{Method: "PUT", Path: "/blog/author/submit/id/" + p.ID, As: author}, http.StatusOK, nil)
	shop.Must(t, client.Request{Method: "PUT", Path: "/blog/editor/publish/id/" + p.ID, As: shop.SignIn(t, "editor")}, http.StatusOK, nil)
	return p.ID
}

// writing is the request for a comment; with the same key it is a repeated one.
func writing(as client.User, postID, key, text, replyTo string) client.Request {
	body := map[string]any{"text": text}
	if replyTo != "" {
		body["replyTo"] = replyTo
	}
	return client.Request{Method: "POST", Path: "/blog/id/" + postID + "/comments", As: as, Body: body, Header: map[string]string{"Idempotency-Key": key}}
}

// A comment and its replies are read, counted, reported and hidden.
func TestBlog_fromTheCommentToTheEditor(t *testing.T) {
	author, editor, reader := shop.SignIn(t, "author"), shop.SignIn(t, "editor"), shop.SignUp(t)
	postID := commentable(t, shop, author, "A post with comments")
	var first, reply comment
	for range 2 { // the second is a repeated request
		shop.Must(t, writing(reader, postID, "first", "See https://example.org/a <b>", ""), http.StatusCreated, &first)
	}
	shop.Must(t, writing(author, postID, "reply-"+postID, "I did.", first.ID), http.StatusCreated, &reply)
	if reply.ReplyTo != first.ID || first.Author.ID != reader.ID ||
		first.HTML != "<p>See <a href=\"https://example.org/a\" rel=\"ugc nofollow noopener\">https://example.org/a</a> &lt;b&gt;</p>\n" {
		t.Errorf("got %+v and %+v", first, reply)
	}
	shop.Must(t, client.Request{Method: "PATCH", Path: "/blog/comments/" + first.ID, As: reader, Body: map[string]string{"text": "Seen."}}, http.StatusOK, nil)
	shop.Try(t, client.Request{Method: "DELETE", Path: "/blog/comments/" + first.ID, As: author}).Expect(t, http.StatusNotFound, "not_found")

	shows := func(path string, state string, comments int) func() error {
		return func() error {
			var page struct{ Items []comment }
			var read struct{ Comments int }
			shop.Must(t, client.Request{Method: "GET", Path: "/blog/id/" + postID + "/comments" + path}, http.StatusOK, &page)
			shop.Must(t, client.Request{Method: "GET", Path: "/blog/id/" + postID}, http.StatusOK, &read)
			if len(page.Items) != 1 || page.Items[0].State != state || (page.Items[0].Text != "") != (state == "visible") || read.Comments != comments {
				return fmt.Errorf("got %+v of %d", page.Items, read.Comments)
			}
			return nil
		}
	}
	system.Eventually(t, "the comment and its reply are there", shows("", "visible", 2))
	system.Eventually(t, "the reply is in its thread", shows("?replyTo="+first.ID, "visible", 2))

	shop.Must(t, client.Request{Method: "POST", Path: "/blog/comments/" + first.ID + "/report", As: author, Body: map[string]string{"reason": "Spam."}},
		http.StatusNoContent, nil)
	var reports struct {
		Items []struct {
			ID      string
			Reports []struct{ By, Reason string }
		}
	}
	shop.Must(t, client.Request{Method: "GET", Path: "/blog/editor/reports", As: editor}, http.StatusOK, &reports)
	if len(reports.Items) == 0 || reports.Items[0].ID != first.ID || reports.Items[0].Reports[0].By != author.ID {
		t.Errorf("got %+v", reports)
	}
	shop.Must(t, client.Request{Method: "PUT", Path: "/blog/editor/comments/" + first.ID, As: editor, Body: map[string]string{"state": "hidden", "reason": "Spam."}},
		http.StatusOK, nil)
	since := time.Now()
	system.Eventually(t, "only its place is left", shows("", "hidden", 1))
	if took := time.Since(since); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
	shop.Try(t, writing(author, postID, "late-"+postID, "Too late.", first.ID)).Expect(t, http.StatusConflict, "conflict")
}

// An account writes ten comments a minute, whichever process it asks.
func TestBlog_commentsHaveALimit(t *testing.T) {
	postID, reader := commentable(t, shop, shop.SignIn(t, "author"), "A post with many comments"), shop.SignUp(t)
	refused := 0
	for n := range 12 {
		answer := shop.Try(t, writing(reader, postID, fmt.Sprint(n), fmt.Sprint("Comment ", n), ""))
		if answer.Status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused != 2 {
		t.Errorf("%d of 12 comments were refused", refused)
	}
	shop.Must(t, writing(reader, postID, "0", "Comment 0", ""), http.StatusCreated, nil) // a repeated request
}

// While the broker or the store is down, a reader is told at once. The same request again makes one comment.
//
// It does not run beside other tests: how soon a person is told is measured.
func TestBlog_commentsAreWrittenOnceThroughAnOutage(t *testing.T) {
	shop := client.Borrow(t)
	reader := shop.SignUp(t)
	for name, begin := range map[string]func() (end func()){
		"broker hangs":    func() func() { return freeze(t, shop, "broker") },
		"store is locked": func() func() { return system.LockStore(t, state.Path(shop.Dir(), "data", "blog.db")) },
	} {
		t.Run(name, func(t *testing.T) {
			postID := commentable(t, shop, shop.SignIn(t, "author"), "When the "+name)
			write := writing(reader, postID, "k-"+postID, "I wait.", "")
			end := begin()
			for range 2 {
				expectRefusal(t, shop, write, answerTime)
			}
			end()
			shop.Await(t, write, http.StatusCreated)
			system.Eventually(t, "it is there once", func() error {
				var page struct{ Items []comment }
				var read struct{ Comments int }
				shop.Must(t, client.Request{Method: "GET", Path: "/blog/id/" + postID + "/comments"}, http.StatusOK, &page)
				shop.Must(t, client.Request{Method: "GET", Path: "/blog/id/" + postID}, http.StatusOK, &read)
				if len(page.Items) != 1 || read.Comments != 1 {
					return fmt.Errorf("got %+v of %d", page.Items, read.Comments)
				}
				return nil
			})
		})
	}
}
