package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"stoa/internal/stack/state"
	"stoa/test/client"
	"stoa/test/system"
)

// desk is the blog with the people who work on it.
type desk struct {
	*client.Shop
	author, other, editor, reader, admin client.User
}

func newDesk(t *testing.T, shop *client.Shop) desk {
	t.Helper()
	admin := shop.SignIn(t, "admin")
	return desk{shop, shop.NewAuthor(t, admin), shop.NewAuthor(t, admin), shop.SignIn(t, "editor"), shop.SignUp(t), admin}
}

// ask sends a request below /blog of somebody who may send it, after those who may not: they are refused, and to another author the
// posts of this one do not exist.
func (d desk) ask(t *testing.T, as client.User, method, path string, body any, status int) (p ownPost) {
	t.Helper()
	request := client.Request{Method: method, Path: "/blog" + path, As: as, Body: body}
	refused := map[string]client.User{"nobody": {}, "a reader": d.reader, "an admin": d.admin}
	switch {
	case strings.HasPrefix(path, "/author"):
		refused["an editor"] = d.editor
	case strings.HasPrefix(path, "/editor"):
		refused["an author"] = d.author
	default:
		refused = nil
	}
	for name, who := range refused {
		request.As = who
		want, kind := http.StatusForbidden, "forbidden"
		if who.Token == "" {
			want, kind = http.StatusUnauthorized, "unauthenticated"
		}
		if answer := d.Try(t, request); answer.Status != want || answer.Problem().Kind != kind {
			t.Errorf("%s %s as %s: got %s", method, path, name, answer)
		}
	}
	if request.As = d.other; strings.Contains(path, "/id/") && strings.HasPrefix(path, "/author") {
		d.Try(t, request).Expect(t, http.StatusNotFound, "not_found")
	}
	request.As = as
	if status == http.StatusNoContent {
		d.Must(t, request, status, nil)
		return p
	}
	d.Must(t, request, status, &p)
	return p
}

// lists reports whether a list has a post.
func (d desk) lists(t *testing.T, as client.User, path, id string) bool {
	t.Helper()
	d.ask(t, as, "GET", path, nil, http.StatusOK)
	return slices.ContainsFunc(client.All[client.Post](t, d.Shop, "/blog"+path, as), func(p client.Post) bool { return p.ID == id })
}

func (d desk) expectOn(t *testing.T, as client.User, id string, want map[string]bool) {
	t.Helper()
	for path, is := range want {
		if got := d.lists(t, as, path, id); got != is {
			t.Errorf("the post is on %s: %t, want %t", path, got, is)
		}
	}
}

// ownPost is a post as those see it who work on it.
type ownPost struct {
	ID, Title, Description, Slug, ImgURL, Text, HTML, Status string
	Tags                                                     []string
	Author                                                   struct{ ID, Name, ProfilePicURL string }
	Version, Comments                                        int
	CreatedAt, UpdatedAt, PublishedAt                        time.Time
	Refusal                                                  *struct{ Note string }
	History                                                  []struct {
		Act, By, Note string
		At            time.Time
	}
	Changes *struct {
		Added, Removed int
		Rows           []struct{ Old, New []struct{ Text string } }
	}
}

// Each route of the blog answers as it did in the system that Stoa starts from, in our form, to each role.
func TestBlog_answersOnEachRoute(t *testing.T) {
	d := newDesk(t, shop)
	serial := fmt.Sprint(time.Now().UnixNano())
	tag, cover, nobody := "R-"+serial, "https://example.org/cover.jpg", client.User{}
	body := map[string]any{
		"title": "Route " + serial, "description": "About routes.", "text": "By **land**.", "slug": "By Land " + serial, "imgUrl": cover, "tags": []string{tag},
	}
	p := d.ask(t, d.author, "POST", "/author", body, http.StatusCreated)
	id := "/id/" + p.ID
	if p.Status != "draft" || p.Version != 1 || p.Text != "By **land**." || p.ImgURL != cover || p.Slug != "by-land-"+serial || p.Author.ID != d.author.ID || p.CreatedAt.IsZero() {
		t.Errorf("got %+v", p)
	}
	d.expectOn(t, d.author, p.ID, map[string]bool{"/author/drafts": true, "/author/submitted": false, "/author/published": false})
	d.expectOn(t, d.other, p.ID, map[string]bool{"/author/drafts": false})
	d.expectOn(t, d.editor, p.ID, map[string]bool{"/editor/submitted": false, "/editor/published": false})
	if p = d.ask(t, d.author, "PATCH", "/author"+id, map[string]any{"text": "By **sea**."}, http.StatusOK); p.Version != 2 || p.Title != "Route "+serial {
		t.Errorf("got %+v", p)
	}
	d.ask(t, d.author, "PUT", "/author/submit"+id, nil, http.StatusOK)
	d.expectOn(t, d.author, p.ID, map[string]bool{"/author/drafts": false, "/author/submitted": true})
	d.expectOn(t, d.editor, p.ID, map[string]bool{"/editor/submitted": true})
	d.ask(t, d.author, "PUT", "/author/withdraw"+id, nil, http.StatusOK)
	d.expectOn(t, d.author, p.ID, map[string]bool{"/author/drafts": true, "/author/submitted": false})
	d.ask(t, d.author, "PUT", "/author/submit"+id, nil, http.StatusOK)
	d.ask(t, d.editor, "PUT", "/editor/refuse"+id, map[string]any{"note": "By land, too?"}, http.StatusOK)
	if p = d.ask(t, d.author, "GET", "/author"+id, nil, http.StatusOK); p.Refusal == nil || p.Refusal.Note != "By land, too?" || p.Status != "draft" {
		t.Errorf("got %+v", p)
	}
	d.ask(t, d.author, "PUT", "/author/submit"+id, nil, http.StatusOK)
	for _, path := range []string{id, "/slug/by-land-" + serial, "/list/similar" + id, id + "/comments"} {
		d.Try(t, client.Request{Method: "GET", Path: "/blog" + path}).Expect(t, http.StatusNotFound, "not_found")
	}
	d.ask(t, d.editor, "PUT", "/editor/publish"+id, nil, http.StatusOK)
	d.expectOn(t, d.author, p.ID, map[string]bool{"/author/published": true, "/author/submitted": false})
	d.expectOn(t, d.editor, p.ID, map[string]bool{"/editor/published": true, "/editor/submitted": false})
	lists := map[string]bool{"/list/latest": true, "/list/tag/" + strings.ToLower(tag): true, "/list/author/" + d.author.ID: true, "/list/author/" + d.other.ID: false}
	d.expectOn(t, nobody, p.ID, lists)
	for _, path := range []string{id, "/slug/by-land-" + serial} {
		got := d.ask(t, nobody, "GET", path, nil, http.StatusOK)
		if got.Title != "Route "+serial || !strings.Contains(got.HTML, "<strong>sea</strong>") || got.ImgURL != cover || got.PublishedAt.IsZero() || got.Author.Name == "" || got.Text != "" {
			t.Errorf("readers get %+v", got)
		}
	}
	d.revise(t, p.ID, tag)
	d.ask(t, d.editor, "PUT", "/editor/unpublish"+id, map[string]any{"note": "Wrong."}, http.StatusOK)
	d.expectOn(t, nobody, p.ID, map[string]bool{"/list/latest": false})
	d.Try(t, client.Request{Method: "GET", Path: "/blog" + id}).Expect(t, http.StatusNotFound, "not_found")
	d.ask(t, d.author, "DELETE", "/author"+id, nil, http.StatusNoContent)
	d.Try(t, client.Request{Method: "GET", Path: "/blog/author" + id, As: d.author}).Expect(t, http.StatusNotFound, "not_found")
}

// revise has a published post revised, and shows the editor what differs and what happened before. Another post is like it.
func (d desk) revise(t *testing.T, postID, tag string) {
	t.Helper()
	id := "/id/" + postID
	d.ask(t, d.author, "PATCH", "/author"+id, map[string]any{"text": "By **air**."}, http.StatusOK)
	d.ask(t, d.author, "PUT", "/author/submit"+id, nil, http.StatusOK)
	x := d.ask(t, d.editor, "GET", "/editor"+id, nil, http.StatusOK)
	if x.Changes == nil || x.Changes.Added != 1 || x.Changes.Removed != 1 || len(x.Changes.Rows) == 0 || x.Text != "By **air**." {
		t.Errorf("the editor sees %+v", x)
	}
	var acts []string
	for _, h := range x.History {
		if acts = append(acts, h.Act); h.At.IsZero() || h.By != d.author.ID && h.By != d.editor.ID || (h.Act == "refused") != (h.Note != "") {
			t.Errorf("got %+v", h)
		}
	}
	if want := []string{"submitted", "withdrawn", "submitted", "refused", "submitted", "published", "submitted"}; !slices.Equal(acts, want) {
		t.Errorf("got %v", acts)
	}
	if got := d.ask(t, client.User{}, "GET", id, nil, http.StatusOK); !strings.Contains(got.HTML, "sea") {
		t.Errorf("readers get %+v", got)
	}
	var revisions struct{ Items []struct{ Revision int } }
	d.Must(t, client.Request{Method: "GET", Path: "/blog/author" + id + "/revisions", As: d.author}, http.StatusOK, &revisions)
	if n := len(revisions.Items); n < 2 {
		t.Fatalf("%d revisions", n)
	}
	d.ask(t, d.author, "POST", fmt.Sprintf("/author%s/revisions/%d/restore", id, revisions.Items[1].Revision), nil, http.StatusOK)
	if got := d.ask(t, d.author, "GET", "/author"+id, nil, http.StatusOK); got.Text != "By **sea**." {
		t.Errorf("got %+v", got)
	}
	alike := published(t, d.Shop, d.other, d.editor, "Another "+tag, tag)
	var similar struct{ Items []client.Post }
	d.Must(t, client.Request{Method: "GET", Path: "/blog/list/similar" + id}, http.StatusOK, &similar)
	if len(similar.Items) == 0 || similar.Items[0].ID != alike {
		t.Errorf("similar are %+v", similar.Items)
	}
}

// While the store takes no writes, everyone who writes is told so at once, and nothing is half done: afterwards, the same
// requests do what they ask for, once.
//
// It does not run beside other tests: how soon a person is told is measured.
func TestBlog_writesNothingByHalvesWhileTheStoreIsLocked(t *testing.T) {
	shop := client.Borrow(t)
	d := newDesk(t, shop)
	draft, waiting, public := client.DraftBy(d.author), client.Post{}, shop.NewPost(t, d.author, d.editor)
	draft.Key = "locked-" + public.ID
	shop.Must(t, client.DraftBy(d.author), http.StatusCreated, &waiting)
	shop.Must(t, client.ActOn(waiting.ID, "author/submit", d.author), http.StatusOK, &waiting)
	var comment, spam client.Comment
	shop.Must(t, client.CommentOn(public.ID, d.reader, "Once."), http.StatusCreated, &comment)
	shop.Must(t, client.CommentOn(public.ID, d.reader, "Buy this."), http.StatusCreated, &spam)
	writes := map[string]client.Request{
		"create":   draft,
		"edit":     {Method: "PATCH", Path: "/blog/author/id/" + public.ID, As: d.author, Body: map[string]string{"text": "Twice."}},
		"publish":  client.ActOn(waiting.ID, "editor/publish", d.editor),
		"change":   {Method: "PATCH", Path: "/blog/comments/" + comment.ID, As: d.reader, Body: map[string]string{"text": "Twice."}},
		"report":   {Method: "POST", Path: "/blog/comments/" + spam.ID + "/report", As: d.author, Body: map[string]string{"reason": "Spam."}},
		"describe": {Method: "PUT", Path: "/blog/editor/tags/stock", As: d.editor, Body: map[string]string{"description": "What " + public.ID + " counts"}},
	}
	unlock := system.LockStore(t, state.Path(shop.Dir(), "data", "blog.db"))
	for name, write := range writes {
		t.Run(name, func(t *testing.T) { expectRefusal(t, shop, write, answerTime) })
	}
	unlock()
	for _, write := range writes {
		shop.Await(t, write, http.StatusOK, http.StatusCreated, http.StatusNoContent)
	}
	system.Eventually(t, "all is there once", func() error {
		var read, published client.Post
		shop.Must(t, client.Request{Method: "GET", Path: "/blog/author/id/" + public.ID, As: d.author}, http.StatusOK, &read)
		shop.Must(t, client.Request{Method: "GET", Path: "/blog/author/id/" + waiting.ID, As: d.author}, http.StatusOK, &published)
		if read.Version != public.Version+1 || read.Text != "Twice." || published.Version != waiting.Version+1 || published.Status != "published" {
			return fmt.Errorf("got %+v and %+v", read, published)
		}
		drafts := client.All[client.Post](t, shop, "/blog/author/drafts", d.author)
		told := client.All[client.Comment](t, shop, "/blog/id/"+public.ID+"/comments", client.User{})
		isChanged := func(c client.Comment) bool { return c.ID == comment.ID && c.Text == "Twice." }
		if len(drafts) != 2 || len(told) != 2 || !slices.ContainsFunc(told, isChanged) { // the new one, and the edit
			return fmt.Errorf("got %+v and %+v", drafts, told)
		}
		return nil
	})
}
