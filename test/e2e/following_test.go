package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stoa/internal/stack"
	"stoa/internal/stack/state"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// noticesOf counts the notices to followers about a post in an inbox.
func noticesOf(t *testing.T, shop *client.Shop, user client.User, postID string) (n int) {
	t.Helper()
	for _, notice := range client.All[client.Notice](t, shop, "/notifications", user) {
		if notice.PostID == postID && notice.Kind == client.Announced {
			n++
		}
	}
	return n
}

// A reader follows an author and a tag, and is told of a post once, also when it is unpublished and published again.
func TestFollowers_areToldOfAPostOnce(t *testing.T) {
	t.Parallel()
	shop := client.Borrow(t)
	author, editor := shop.NewAuthor(t, shop.SignIn(t, "admin")), shop.SignIn(t, "editor")
	shop.NewPost(t, author, editor) // so the tag exists, and the author is known
	both, oneOfThem, nobody := shop.SignUp(t), shop.SignUp(t), shop.SignUp(t)
	shop.Must(t, client.Following("PUT", "authors/"+author.ID, both), http.StatusOK, nil)
	for _, reader := range []client.User{both, oneOfThem, nobody} {
		shop.Must(t, client.Following("PUT", "tags/Stock", reader), http.StatusOK, nil)
		shop.Must(t, client.WantsMails(reader, "following", "at_once"), http.StatusOK, nil)
	}
	shop.Must(t, client.Following("DELETE", "tags/stock", nobody), http.StatusNoContent, nil)
	shop.Try(t, client.Following("PUT", "authors/"+author.ID, author)).Expect(t, http.StatusUnprocessableEntity, "invalid")
	shop.Try(t, client.Following("PUT", "authors/"+client.Unknown, both)).Expect(t, http.StatusNotFound, "not_found")

	post := shop.NewPost(t, author, editor)
	for _, reader := range []client.User{both, oneOfThem} {
		notice := shop.AwaitNotice(t, reader, post.ID, client.Announced)
		if !strings.HasSuffix(notice.Link, "/blog/"+post.Slug) {
			t.Errorf("the notice is %+v", notice)
		}
	}
	shop.Must(t, client.ActOn(post.ID, "editor/unpublish", editor), http.StatusOK, nil)
	shop.Must(t, client.ActOn(post.ID, "author/submit", author), http.StatusOK, nil)
	shop.Must(t, client.ActOn(post.ID, "editor/publish", editor), http.StatusOK, nil)
	next := shop.NewPost(t, author, editor) // which is announced after the other would have been
	shop.AwaitNotice(t, oneOfThem, next.ID, client.Announced)
	shop.AwaitNotice(t, both, next.ID, client.Announced)
	for want, reader := range map[int]client.User{1: both, 0: nobody} {
		if got := noticesOf(t, shop, reader, post.ID); got != want {
			t.Errorf("%d notices, want %d", got, want)
		}
	}
}

// The followers of a tag follow it to its new name.
func TestFollowers_goWithARenamedTag(t *testing.T) {
	t.Parallel()
	shop := client.Borrow(t)
	author, editor, reader := shop.SignIn(t, "author"), shop.SignIn(t, "editor"), shop.SignUp(t)
	old, renamed := "T1-"+reader.ID, "T2-"+reader.ID
	published(t, shop, author, editor, "About "+old, old)
	shop.Must(t, client.Following("PUT", "tags/"+old, reader), http.StatusOK, nil)
	shop.Must(t, client.Request{Method: "PUT", Path: "/blog/editor/tags/" + old, As: editor, Body: map[string]string{"name": renamed}}, http.StatusAccepted, nil)
	system.Eventually(t, "the reader follows the new name", func() error {
		var following struct{ Items []struct{ Tag string } }
		shop.Must(t, client.Request{Method: "GET", Path: "/blog/following", As: reader}, http.StatusOK, &following)
		if len(following.Items) != 1 || !strings.EqualFold(following.Items[0].Tag, renamed) {
			return fmt.Errorf("got %+v", following)
		}
		return nil
	})
	id := published(t, shop, author, editor, "About "+renamed, renamed)
	system.Eventually(t, "the reader is told", func() error {
		if n := noticesOf(t, shop, reader, id); n != 1 {
			return fmt.Errorf("%d notices", n)
		}
		return nil
	})
}

// A link in a mail shows what it ends, ends it when it is asked to, and outlives a rotation of its keys.
func TestLinks_endMailsWithoutASignIn(t *testing.T) {
	shop := client.Borrow(t)
	author, reader := shop.SignIn(t, "author"), shop.SignUp(t)
	postID := commentable(t, shop, author, "A post with mails")
	var first comment
	shop.Must(t, writing(reader, postID, "first", "I would like an answer.", ""), http.StatusCreated, &first)
	shop.Must(t, writing(author, postID, "answer-"+postID, "Here it is.", first.ID), http.StatusCreated, nil)
	link := shop.EndLink(t, shop.AwaitNotice(t, reader, postID, "comment-added"))
	must.Get(stack.RotateLinkKeys(t.Context(), shop.Dir(), func(line string) { t.Log(line) }))(t)

	settings := func() (s struct{ Comments, Following string }) {
		shop.Must(t, client.Request{Method: "GET", Path: "/notifications/settings", As: reader}, http.StatusOK, &s)
		return s
	}
	system.Eventually(t, "the link is shown", func() error {
		page := shop.FollowLink(t, "GET", link)
		if page.Status != http.StatusOK || !strings.Contains(string(page.Body), `<form method="post">`) {
			return fmt.Errorf("got %s", page)
		}
		if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self'") {
			t.Errorf("got the policy %q", policy)
		}
		return nil
	})
	if got := settings(); got.Comments != "at_once" {
		t.Errorf("looking has changed something: %+v", got)
	}
	shop.FollowLink(t, "POST", link[:len(link)-4]+"AAAA").Expect(t, http.StatusForbidden, "forbidden")
	for range 2 {
		if page := shop.FollowLink(t, "POST", link); page.Status != http.StatusOK || !strings.Contains(string(page.Body), "no more of these mails") {
			t.Errorf("got %s", page)
		}
	}
	if got := settings(); got.Comments != "never" || got.Following != "daily" {
		t.Errorf("got %+v", got)
	}
	shop.Must(t, writing(author, postID, "again-"+postID, "One more thing.", first.ID), http.StatusCreated, nil)
	system.Eventually(t, "the inbox has both answers, and the second was not mailed", func() error {
		var of []client.Notice
		for _, notice := range client.All[client.Notice](t, shop, "/notifications", reader) {
			if notice.Kind == "comment-added" {
				of = append(of, notice)
			}
		}
		if len(of) != 2 {
			return fmt.Errorf("the inbox has %+v", of)
		}
		if files := must.Get(filepath.Glob(state.Path(shop.Dir(), "mail", of[0].ID+"*")))(t); len(files) > 0 {
			t.Errorf("it was mailed: %v", files)
		}
		return nil
	})
}

// What is mailed daily is gathered, and comes in one mail, although notification is killed when that is due.
func TestDigests_haveWhatWasGathered(t *testing.T) {
	shop := client.Start(t, system.Folder(t), func(o *stack.Options) { o.Env["DIGEST_PERIOD"] = "20s" })
	author, editor, reader := shop.SignIn(t, "author"), shop.SignIn(t, "editor"), shop.SignUp(t)
	shop.NewPost(t, author, editor)
	shop.Must(t, client.Following("PUT", "authors/"+author.ID, reader), http.StatusOK, nil)
	posts := []client.Post{shop.NewPost(t, author, editor), shop.NewPost(t, author, editor)}
	for _, post := range posts {
		system.Eventually(t, "the inbox has it", func() error {
			if n := noticesOf(t, shop, reader, post.ID); n != 1 {
				return fmt.Errorf("%d notices", n)
			}
			return nil
		})
	}
	shop.Kill(t, "notification")
	digests := func() (texts []string) {
		for _, file := range must.Get(filepath.Glob(state.Path(shop.Dir(), "mail", "daily-digest-*.eml")))(t) {
			texts = append(texts, string(must.Get(os.ReadFile(file))(t)))
		}
		return texts
	}
	count := func(slug string) (n int) {
		for _, text := range digests() {
			if strings.Contains(strings.ReplaceAll(text, "=\r\n", ""), "/blog/"+slug+"\r\n") {
				n++
			}
		}
		return n
	}
	for _, post := range posts {
		system.Eventually(t, post.Title+" is in a digest", func() error {
			if n := count(post.Slug); n != 1 {
				return fmt.Errorf("it is in %d of %d digests", n, len(digests()))
			}
			return nil
		})
	}
}
