package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web/webtest"
)

// previewed is what a text would look like.
type previewed struct {
	HTML        string
	ReadingTime int
	Changes     *struct {
		Added, Removed int
		Rows           []any
	}
}

func TestPreview_showsATextThatIsNotStored(t *testing.T) {
	w := newWorld(t)
	p := w.submitted(t, full("A title"))
	path := "/author/id/" + p.ID + "/preview"
	got := webtest.Read[previewed](w.ask(t, "ada", "POST", path, object{"text": "The *word* of A title.<script>"}), http.StatusOK)
	if !strings.Contains(got.HTML, "<em>word</em>") || strings.Contains(got.HTML, "<script>") || got.ReadingTime != 1 || got.Changes != nil {
		t.Errorf("got %+v", got)
	}
	got = webtest.Read[previewed](w.ask(t, "ada", "POST", path, object{"text": "The *word* of A title.", "compare": true}), http.StatusOK)
	if got.Changes == nil || got.Changes.Added != 1 || got.Changes.Removed != 1 || len(got.Changes.Rows) != 1 {
		t.Errorf("got %+v", got.Changes)
	}
	if same := w.do(t, "ada", "GET", "/author/id/"+p.ID, nil); same.Version != p.Version || same.Text != "The *text* of A title." {
		t.Errorf("it was stored: %+v", same)
	}
	w.ask(t, "ben", "POST", path, object{"text": "x"}).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	w.ask(t, "ada", "POST", path, object{"text": strings.Repeat("> ", 40) + "x"}).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "text")
	w.ask(t, "ada", "POST", path, object{"text": "\x00"}).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "text")
}

// A notice names a comment; it leads to the post, and shows the comment even where there are many others.
func TestReadComment_showsOneComment(t *testing.T) {
	w := newWorld(t)
	p := w.published(t, full("A title"))
	root := w.commented(t, "rita", p.ID, "First", "")
	reply := w.commented(t, "ben", p.ID, "Second", root.ID)
	read := func(id string) comment {
		return webtest.Read[comment](w.ask(t, "", "GET", "/comments/"+id, nil), http.StatusOK)
	}
	if got := read(reply.ID); got.Text != "Second" || got.ReplyTo != root.ID || got.PostID != p.ID || got.Author.Name != "Ben" {
		t.Errorf("got %+v", got)
	}
	// What is not visible keeps its place while it has replies.
	w.moderate(t, "edith", root.ID, "hidden", "Spam.")
	if got := read(root.ID); got.Text != "" || got.Author != nil || got.State != "hidden" || got.Replies != 1 {
		t.Errorf("got %+v", got)
	}
	w.moderate(t, "edith", reply.ID, "removed", "Spam.")
	w.ask(t, "", "GET", "/comments/"+reply.ID, nil).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	w.do(t, "edith", "PUT", "/editor/unpublish/id/"+p.ID, nil)
	w.ask(t, "", "GET", "/comments/"+root.ID, nil).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
}
