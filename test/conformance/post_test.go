package conformance

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"stoa/test/client"
	"stoa/test/system"
)

func postFlow(t *probe, s shop) {
	author, editor, reader := s.SignIn(t, "author"), s.SignIn(t, "editor"), s.SignUp(t)
	var post client.Post
	s.Must(t, client.DraftBy(author), http.StatusCreated, &post)
	submit := client.ActOn(post.ID, "author/submit", author)
	s.Must(t, submit, http.StatusOK, nil)
	s.Must(t, client.Refusal(post.ID, editor, "Please say how often."), http.StatusOK, nil)
	if refused := s.AwaitNotice(t, author, post.ID, "post-refused"); !strings.Contains(refused.Text, "Please say how often.") {
		t.Errorf("the notice is %+v", refused)
	}
	s.Must(t, client.Request{
		Method: "PATCH", Path: "/blog/author/id/" + post.ID, As: author, Body: map[string]string{"text": "Count them **every day**."},
	}, http.StatusOK, nil)
	s.Must(t, submit, http.StatusOK, nil)
	s.AwaitNotice(t, editor, post.ID, "post-submitted")

	s.Must(t, client.Following("PUT", "authors/"+author.ID, reader), http.StatusOK, nil)
	s.Must(t, client.WantsMails(reader, "following", "at_once"), http.StatusOK, nil)
	published := time.Now()
	s.Must(t, client.ActOn(post.ID, "editor/publish", editor), http.StatusOK, &post)
	s.AwaitNotice(t, author, post.ID, "post-published")
	t.note("told %s after it was published", time.Since(published).Round(time.Millisecond))
	link := s.EndLink(t, s.AwaitNotice(t, reader, post.ID, client.Announced))
	toldOnce(t, s, reader, author, editor, post.ID)
	if ended := s.FollowLink(t, "POST", link); ended.Status != http.StatusOK {
		t.Errorf("got %s", ended)
	}
	var mails struct{ Following string }
	s.Must(t, client.Request{Method: "GET", Path: "/notifications/settings", As: reader}, http.StatusOK, &mails)
	if mails.Following != "never" {
		t.Errorf("after the link was followed, mails are sent %s", mails.Following)
	}
	var read client.Post
	s.Must(t, client.PostBySlug(post.Slug), http.StatusOK, &read)
	if read.ID != post.ID || !strings.Contains(read.HTML, "<strong>every day</strong>") {
		t.Errorf("readers get %+v", read)
	}
	for _, list := range []string{"latest", "tag/stock", "author/" + author.ID, "month/" + published.UTC().Format("2006-01")} {
		ids := idsOf(client.All[client.Post](t, s.Shop, "/blog/list/"+list, client.User{}))
		if !slices.Contains(ids, post.ID) {
			t.Errorf("%s has %v", list, ids)
		}
	}

	search := client.Request{Method: "GET", Path: "/blog/search?tag=stock&q=" + url.QueryEscape(post.Title+" every day")}
	system.Eventually(t, "it is found by its words", func() error {
		var found client.PageOf[client.Post]
		if s.Must(t, search, http.StatusOK, &found); !slices.Equal(idsOf(found.Items), []string{post.ID}) {
			return fmt.Errorf("got %+v", found)
		}
		return nil
	})

	var comment client.Comment
	s.Must(t, client.CommentOn(post.ID, reader, "We count twice."), http.StatusCreated, &comment)
	if told := s.AwaitNotice(t, author, post.ID, "comment-added"); !strings.HasSuffix(told.Link, "/blog/"+post.Slug) {
		t.Errorf("the notice is %+v", told)
	}
	listed := client.All[client.Comment](t, s.Shop, "/blog/id/"+post.ID+"/comments", client.User{})
	if len(listed) != 1 || listed[0].ID != comment.ID {
		t.Errorf("listed are %+v", listed)
	}

	s.Must(t, client.ActOn(post.ID, "editor/unpublish", editor), http.StatusOK, nil)
	// A tag without published posts is unknown, as is a slug.
	for _, gone := range []client.Request{client.PostBySlug(post.Slug), {Method: "GET", Path: "/blog/list/tag/stock"}} {
		system.Eventually(t, gone.Path+" is gone", func() error {
			if answer := s.Try(t, gone); answer.Status != http.StatusNotFound {
				return fmt.Errorf("got %s", answer)
			}
			return nil
		})
	}
	system.Eventually(t, "it is not found any more", func() error {
		var found client.PageOf[client.Post]
		if s.Must(t, search, http.StatusOK, &found); len(found.Items) > 0 {
			return fmt.Errorf("got %+v", found)
		}
		return nil
	})
	system.Eventually(t, "the latest posts are without it", func() error {
		if ids := idsOf(client.All[client.Post](t, s.Shop, "/blog/list/latest", client.User{})); slices.Contains(ids, post.ID) {
			return fmt.Errorf("got %v", ids)
		}
		return nil
	})
}

// toldOnce publishes a post again, and waits until another one, which is published later, is told to a follower.
func toldOnce(t *probe, s shop, reader, author, editor client.User, postID string) {
	t.Helper()
	for _, act := range []client.Request{
		client.ActOn(postID, "editor/unpublish", editor), client.ActOn(postID, "author/submit", author), client.ActOn(postID, "editor/publish", editor),
	} {
		s.Must(t, act, http.StatusOK, nil)
	}
	next := s.NewPost(t, author, editor)
	s.AwaitNotice(t, reader, next.ID, client.Announced)
	notices := slices.DeleteFunc(client.All[client.Notice](t, s.Shop, "/notifications", reader), func(n client.Notice) bool {
		return n.PostID != postID || n.Kind != client.Announced
	})
	if len(notices) != 1 {
		t.Errorf("the follower has %+v", notices)
	}
	s.Must(t, client.ActOn(next.ID, "editor/unpublish", editor), http.StatusOK, nil)
}

func idsOf(posts []client.Post) (ids []string) {
	for _, p := range posts {
		ids = append(ids, p.ID)
	}
	return ids
}
