package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"stoa/test/system"
)

// Post is a post as the API shows it.
type Post struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Slug    string `json:"slug"`
	Status  string `json:"status"`
	Version int    `json:"version"`
	Text    string `json:"text"`
	HTML    string `json:"html"`
	// Comments is how many comments and replies it has.
	Comments int `json:"comments"`
}

// Comment is a comment as the API shows it.
type Comment struct {
	ID      string `json:"id"`
	ReplyTo string `json:"replyTo"`
	State   string `json:"state"`
	Text    string `json:"text"`
	Replies int    `json:"replies"`
}

// Notice is an entry of an inbox.
type Notice struct {
	ID     string `json:"id"`
	Kind   string `json:"kind"`
	Text   string `json:"text"`
	PostID string `json:"postId"`
	Link   string `json:"link"`
}

// DraftBy is an author's request for a new draft, which can be submitted as it is. No other has its title.
func DraftBy(author User) Request {
	return Request{Method: "POST", Path: "/blog/author", As: author, Body: map[string]any{
		"title": fmt.Sprintf("Counting amphorae %d %d", os.Getpid(), serial.Add(1)), "description": "How we do it, and how often.",
		"text": "Count them **once**.", "tags": []string{"Stock"},
	}}
}

// ActOn is what an author or an editor does with a post, such as "author/submit" or "editor/publish".
func ActOn(id, act string, as User) Request {
	return Request{Method: "PUT", Path: "/blog/" + act + "/id/" + id, As: as}
}

// Refusal is an editor's request to give a post back to its author.
func Refusal(id string, editor User, note string) Request {
	r := ActOn(id, "editor/refuse", editor)
	r.Body = map[string]string{"note": note}
	return r
}

// CommentOn is a reader's request for a new comment on a post.
func CommentOn(id string, reader User, text string) Request {
	return Request{Method: "POST", Path: "/blog/id/" + id + "/comments", As: reader, Body: map[string]string{"text": text}}
}

// PostBySlug is the request of a reader for a post.
func PostBySlug(slug string) Request { return Request{Method: "GET", Path: "/blog/slug/" + slug} }

// NewPost has an author write, and an editor publish a post.
func (s *Shop) NewPost(t testing.TB, author, editor User) (post Post) {
	t.Helper()
	s.Must(t, DraftBy(author), http.StatusCreated, &post)
	s.Must(t, ActOn(post.ID, "author/submit", author), http.StatusOK, nil)
	s.Must(t, ActOn(post.ID, "editor/publish", editor), http.StatusOK, &post)
	return post
}

// NewAuthor signs up somebody who may write posts.
func (s *Shop) NewAuthor(t testing.TB, admin User) User {
	t.Helper()
	author := s.SignUp(t)
	s.Must(t, Request{
		Method: "PUT", Path: "/auth/users/" + author.ID + "/roles", As: admin, Body: map[string]any{"roles": []string{"AUTHOR"}},
	}, http.StatusOK, nil)
	return author
}

// KnownEditor signs in the editor, and returns once submitted posts are told to the editor: the system learns from an event
// who edits.
func (s *Shop) KnownEditor(t testing.TB, author User) User {
	t.Helper()
	editor := s.SignIn(t, "editor")
	var post Post
	s.Must(t, DraftBy(author), http.StatusCreated, &post)
	system.Eventually(t, "the editor is known", func() error {
		s.Must(t, ActOn(post.ID, "author/submit", author), http.StatusOK, nil)
		for range 100 {
			for _, notice := range All[Notice](t, s, "/notifications", editor) {
				if notice.PostID == post.ID {
					return nil
				}
			}
		}
		s.Must(t, ActOn(post.ID, "author/withdraw", author), http.StatusOK, nil)
		return errors.New("no notice")
	})
	s.Must(t, Request{Method: "DELETE", Path: "/blog/author/id/" + post.ID, As: author}, http.StatusNoContent, nil)
	return editor
}

// PageOf is a page of a list.
type PageOf[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"`
}

// All reads all pages of a list, or of a search.
func All[T any](t testing.TB, s *Shop, path string, as User) (all []T) {
	t.Helper()
	separator := "?"
	if strings.Contains(path, separator) {
		separator = "&"
	}
	for cursor := ""; ; {
		var page PageOf[T]
		s.Must(t, Request{Method: "GET", Path: path + separator + "limit=100&cursor=" + cursor, As: as}, http.StatusOK, &page)
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
}

// AwaitNotice waits until a notice of this kind about a post is in the inbox of a user, and mailed.
func (s *Shop) AwaitNotice(t testing.TB, user User, postID, kind string) (notice Notice) {
	t.Helper()
	system.Eventually(t, "there is a notice "+kind, func() error {
		answer, err := s.Do(t.Context(), Request{Method: "GET", Path: "/notifications", As: user})
		if err != nil {
			return err
		}
		var inbox PageOf[Notice]
		if err := json.Unmarshal(answer.Body, &inbox); err != nil {
			return err
		}
		for _, notice = range inbox.Items {
			if notice.PostID == postID && notice.Kind == kind {
				return nil
			}
		}
		return fmt.Errorf("got %s", answer)
	})
	s.awaitMailFile(t, notice.ID)
	return notice
}

// Announced is the kind of the notices to followers.
const Announced = "post-announced"

// Following is the request of a reader to follow, or with DELETE no longer to follow, something such as "tags/Stock".
func Following(method, what string, reader User) Request {
	return Request{Method: method, Path: "/blog/following/" + what, As: reader}
}

// WantsMails is a reader's request for mails of a group, such as following: at_once, daily or never.
func WantsMails(reader User, group, frequency string) Request {
	return Request{Method: "PATCH", Path: "/notifications/settings", As: reader, Body: map[string]string{group: frequency}}
}

// EndLink waits for the mail of a notice, and returns the link in it that ends such mails.
func (s *Shop) EndLink(t testing.TB, notice Notice) string {
	t.Helper()
	_, rest, _ := strings.Cut(s.awaitMailFile(t, notice.ID), "List-Unsubscribe: <")
	link, _, found := strings.Cut(rest, ">")
	if !found {
		t.Fatalf("the mail %s has no link that ends such mails", notice.ID)
	}
	return link
}

// FollowLink sends a request for the link in a mail as a mail program does: without an API key and without a sign-in.
func (s *Shop) FollowLink(t testing.TB, method, link string) Answer {
	t.Helper()
	_, path, _ := strings.Cut(link, "/mail/")
	body := ""
	if method == http.MethodPost {
		body = "List-Unsubscribe=One-Click"
	}
	request, err := http.NewRequestWithContext(t.Context(), method, s.URL+"/mail/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := s.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return Answer{Status: response.StatusCode, Header: response.Header, Body: raw}
}
