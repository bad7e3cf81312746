package e2e

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// published makes a post with tags public, and returns its id.
func published(t *testing.T, shop *client.Shop, author, editor client.User, title string, tags ...string) string {
	t.Helper()
	var p post
	shop.Must(t, client.Request{Method: "POST", Path: "/blog/author", As: author, Body: map[string]any{
		"title": title, "description": "Of tags.", "text": "Tags.", "tags": tags,
	}}, http.StatusCreated, &p)
	shop.Must(t, client.Request{Method: "PUT", Path: "/blog/author/submit/id/" + p.ID, As: author}, http.StatusOK, nil)
	shop.Must(t, client.Request{Method: "PUT", Path: "/blog/editor/publish/id/" + p.ID, As: editor, Body: map[string]any{}}, http.StatusOK, nil)
	return p.ID
}

// A tag is renamed by a job that goes on when the app is killed.
func TestTags_areRenamedAlthoughTheAppIsKilled(t *testing.T) {
	t.Parallel()
	shop := client.Borrow(t)
	author, editor := shop.SignIn(t, "author"), shop.SignIn(t, "editor")
	serial := fmt.Sprint(time.Now().UnixNano())
	old, renamed := "OLD-"+serial, "NEW-"+serial
	var posts []string
	for n := range 5 {
		posts = append(posts, published(t, shop, author, editor, fmt.Sprint("Post ", n, " of ", serial), old))
	}
	rename := client.Request{Method: "PUT", Path: "/blog/editor/tags/" + old, As: editor, Body: map[string]string{"name": renamed}}
	begun := shop.Must(t, rename, http.StatusAccepted, nil)
	shop.Kill(t, "blog")
	job := strings.TrimPrefix(begun.Header.Get("Location"), "/api/v1")
	if again := shop.Await(t, rename, http.StatusAccepted); again.Header.Get("Location") != begun.Header.Get("Location") {
		t.Errorf("the same request began another job: %s", again)
	}
	system.Eventually(t, "the job is done", func() error {
		var now struct{ State string }
		answer := shop.Try(t, client.Request{Method: "GET", Path: job, As: editor})
		if err := json.Unmarshal(answer.Body, &now); err != nil || now.State != "done" {
			return fmt.Errorf("got %s", answer)
		}
		return nil
	})
	for _, id := range posts {
		var p struct{ Tags []string }
		shop.Must(t, client.Request{Method: "GET", Path: "/blog/id/" + id}, http.StatusOK, &p)
		if !slices.Equal(p.Tags, []string{renamed}) {
			t.Errorf("got %v", p.Tags)
		}
	}
	var tags struct {
		Items []struct {
			Tag   string
			Count int
		}
	}
	system.Eventually(t, "the tag counts its posts", func() error {
		shop.Must(t, client.Request{Method: "GET", Path: "/blog/tags?limit=100"}, http.StatusOK, &tags)
		for _, tag := range tags.Items {
			if tag.Tag == old || tag.Tag == renamed && tag.Count != len(posts) {
				return fmt.Errorf("got %+v", tag)
			}
		}
		return nil
	})
	request := must.Get(shop.NewRequest(t.Context(), client.Request{Method: "GET", Path: "/blog/list/tag/" + old}))(t)
	moved := must.Get(http.DefaultTransport.RoundTrip(request))(t)
	defer moved.Body.Close()
	if moved.StatusCode != http.StatusMovedPermanently || moved.Header.Get("Location") != "/api/v1/blog/list/tag/"+renamed {
		t.Errorf("got %d %v", moved.StatusCode, moved.Header)
	}
}

// Feed readers and search engines need no API key, and read what they have only once.
func TestFeeds_needNoKey(t *testing.T) {
	author, editor := shop.SignIn(t, "author"), shop.SignIn(t, "editor")
	tag := fmt.Sprint("FEED-", time.Now().UnixNano())
	id := published(t, shop, author, editor, "About "+tag, tag)
	get := func(path string, header ...string) (*http.Response, string) {
		request := must.Get(http.NewRequestWithContext(t.Context(), "GET", shop.URL+"/blog"+path, http.NoBody))(t)
		for i := 0; i < len(header); i += 2 {
			request.Header.Set(header[i], header[i+1])
		}
		answer := must.Get(http.DefaultTransport.RoundTrip(request))(t)
		defer answer.Body.Close()
		return answer, string(must.Get(io.ReadAll(answer.Body))(t))
	}
	for path, media := range map[string]string{
		"/feed.atom": "application/atom+xml", "/tags/" + tag + "/feed.atom": "application/atom+xml", "/authors/" + author.ID + "/feed.atom": "application/atom+xml",
		"/feed.json": "application/feed+json", "/tags/" + tag + "/feed.json": "application/feed+json", "/authors/" + author.ID + "/feed.json": "application/feed+json",
		"/sitemap.xml": "application/xml",
	} {
		var answer *http.Response
		system.Eventually(t, path+" has the post, and is read twice within a second", func() error {
			first, body := get(path)
			if first.StatusCode != http.StatusOK || !strings.Contains(body, "http://localhost:8080/blog/about-feed-") || path != "/sitemap.xml" && !strings.Contains(body, id) {
				return fmt.Errorf("got %d %s", first.StatusCode, body)
			}
			if strings.HasSuffix(media, "xml") {
				if err := xml.Unmarshal([]byte(body), &struct{}{}); err != nil {
					return err
				}
			}
			answer, _ = get(path)
			if kept := answer.Header.Get("X-Cache-Status"); kept != "Hit" {
				return fmt.Errorf("the second answer is a %s", kept)
			}
			return nil
		})
		if got := answer.Header; got.Get("Content-Type") != media || got.Get("Cache-Control") != "public, max-age=1" {
			t.Errorf("%s: got %v", path, got)
		}
		same, _ := get(path, "If-None-Match", answer.Header.Get("ETag"))
		if same.StatusCode != http.StatusNotModified {
			t.Errorf("%s: got %d", path, same.StatusCode)
		}
	}
	if answer, _ := get("/tags/nothing-has-this/feed.atom"); answer.StatusCode != http.StatusNotFound {
		t.Errorf("got %d", answer.StatusCode)
	}
}
