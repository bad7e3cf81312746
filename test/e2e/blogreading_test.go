package e2e

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// readers are those who read a blog as most do: from the gateway's cache, if it has an answer.
type readers struct {
	*client.Shop
	key  string // their API key
	hits int    // how often it had
}

func readersOf(shop *client.Shop) *readers { return &readers{Shop: shop, key: shop.APIKey} }

func (r *readers) read(t *testing.T, path string) (status int, body string) {
	t.Helper()
	return r.send(t, "GET", path)
}

func (r *readers) send(t *testing.T, method, path string) (status int, body string) {
	t.Helper()
	request := must.Get(http.NewRequestWithContext(t.Context(), method, r.URL+path, http.NoBody))(t)
	request.Header.Set("X-Api-Key", r.key)
	answer := must.Get(http.DefaultTransport.RoundTrip(request))(t)
	defer answer.Body.Close()
	if answer.Header.Get("X-Cache-Status") == "Hit" {
		r.hits++
	}
	return answer.StatusCode, string(must.Get(io.ReadAll(answer.Body))(t))
}

// sights are the public addresses that show a post, and what they show of it: its title, or its address.
func sights(p client.Post, tag, authorID string) map[string]string {
	all := map[string]string{"/blog/sitemap.xml": "/blog/" + p.Slug + "<"}
	for _, path := range []string{
		"/api/v1/blog/id/" + p.ID, "/api/v1/blog/slug/" + p.Slug, "/api/v1/blog/list/latest", "/api/v1/blog/list/tag/" + tag,
		"/api/v1/blog/list/author/" + authorID, "/api/v1/blog/list/month/" + time.Now().UTC().Format("2006-01"),
		"/blog/feed.atom", "/blog/feed.json", "/blog/tags/" + tag + "/feed.atom", "/blog/tags/" + tag + "/feed.json",
		"/blog/authors/" + authorID + "/feed.atom", "/blog/authors/" + authorID + "/feed.json",
	} {
		all[path] = p.Title
	}
	return all
}

// see waits until all addresses show a post.
func (r *readers) see(t *testing.T, all map[string]string) {
	t.Helper()
	system.Eventually(t, "readers see the post", func() error {
		for path, shown := range all {
			if status, body := r.read(t, path); status != http.StatusOK || !strings.Contains(body, shown) {
				return fmt.Errorf("%s: got %d %s", path, status, body)
			}
		}
		return nil
	})
}

// lose reads all addresses again and again for more than a second since something has happened: what is asked for later shows
// nothing of the text before.
func (r *readers) lose(t *testing.T, since time.Time, all map[string]string) {
	t.Helper()
	r.hits = 0
	system.Eventually(t, "a second is over", func() error {
		late := true
		for path, shown := range all {
			asked := time.Since(since)
			late = late && asked > time.Second
			if _, body := r.read(t, path); asked > time.Second && strings.Contains(body, shown) {
				t.Errorf("%s: after %s it shows %s", path, asked, body)
			}
		}
		if !late {
			return errors.New("not yet")
		}
		return nil
	})
	if r.hits == 0 {
		t.Error("the gateway has kept nothing: this test tests nothing")
	}
}

// After an edit, an unpublication or a deletion nobody gets the old text for more than a second, whatever many others read.
//
// It does not run beside other tests: how soon readers see a change is measured.
func TestBlog_nobodyGetsTheOldTextForLong(t *testing.T) {
	r, serial := readersOf(shop), fmt.Sprint(time.Now().UnixNano())
	author, editor, tag := shop.NewAuthor(t, shop.SignIn(t, "admin")), shop.SignIn(t, "editor"), "T-"+serial
	var p client.Post
	act := func(path string, as client.User) {
		t.Helper()
		shop.Must(t, client.ActOn(p.ID, path, as), http.StatusOK, &p)
	}
	entitle := func(title string) {
		t.Helper()
		body := map[string]any{"title": title, "tags": []string{tag}}
		shop.Must(t, client.Request{Method: "PATCH", Path: "/blog/author/id/" + p.ID, As: author, Body: body}, http.StatusOK, &p)
		act("author/submit", author)
	}
	shop.Must(t, client.DraftBy(author), http.StatusCreated, &p)
	entitle("First " + serial)
	act("editor/publish", editor)
	before := sights(p, tag, author.ID)
	r.see(t, before)

	entitle("Second " + serial)
	act("editor/publish", editor)
	since, after := time.Now(), sights(p, tag, author.ID)
	maps.DeleteFunc(before, func(path, _ string) bool { return path == "/blog/sitemap.xml" }) // the address stays
	r.lose(t, since, before)
	r.see(t, after)

	act("editor/unpublish", editor)
	r.lose(t, time.Now(), after)
	act("author/submit", author)
	act("editor/publish", editor)
	r.see(t, after)

	shop.Must(t, client.Request{Method: "DELETE", Path: "/blog/author/id/" + p.ID, As: author}, http.StatusNoContent, nil)
	r.lose(t, time.Now(), after)
}

// While auth is down, readers get posts, comments and feeds with the names that their authors had last: without a key, or with one
// that the gateway has seen lately.
func TestBlog_isReadWhileAuthIsDown(t *testing.T) {
	t.Parallel()
	shop := client.Borrow(t)
	r, name := readersOf(shop), fmt.Sprint("Ada ", time.Now().UnixNano())
	admin, editor := shop.SignIn(t, "admin"), shop.SignIn(t, "editor")
	author := shop.NewAuthor(t, admin)
	post := shop.NewPost(t, author, editor)
	shop.Must(t, client.CommentOn(post.ID, author, "We count twice."), http.StatusCreated, nil)
	profile := map[string]string{"name": name, "profilePicUrl": "https://example.org/ada.png"}
	shop.Must(t, client.Request{Method: "PATCH", Path: "/auth/profile/mine", As: author, Body: profile}, http.StatusOK, nil)
	keyed := []string{"/api/v1/blog/id/" + post.ID, "/api/v1/blog/list/author/" + author.ID, "/api/v1/blog/id/" + post.ID + "/comments"}
	open := []string{"/blog/authors/" + author.ID + "/feed.atom", "/blog/authors/" + author.ID + "/feed.json"}
	named := map[string]string{}
	for _, path := range append(keyed, open...) {
		named[path] = name
	}
	r.see(t, named)
	var made struct{ Key string }
	request := map[string]any{"name": "A reader", "permissions": []string{"blog:read"}}
	shop.Must(t, client.Request{Method: "POST", Path: "/auth/apikeys", As: admin, Body: request}, http.StatusCreated, &made)
	r.key = made.Key
	r.see(t, named) // so the gateway has just learned of the key

	end := freeze(t, shop, "auth")
	system.Eventually(t, "the gateway cannot say any more what the key allows", func() error {
		for path := range named {
			if status, body := r.read(t, path); status != http.StatusOK || !strings.Contains(body, name) {
				t.Errorf("%s: got %d %s", path, status, body)
			}
		}
		if status, _ := r.send(t, "POST", keyed[2]); status != http.StatusServiceUnavailable {
			return fmt.Errorf("a comment gets %d", status)
		}
		return nil
	})
	end()
	r.see(t, named)
}
