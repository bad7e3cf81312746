package chaos

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"stoa/test/client"
	"stoa/test/system"
)

// agree compares what everyone was told with what there is.
func (h *house) agree(t *testing.T) error {
	t.Helper()
	var public []string
	for _, w := range h.writers {
		var own, drafts []string // what was unpublished is a draft again
		for _, post := range w.posts {
			if err := w.check(t, post); err != nil {
				return err
			}
			if post.public {
				own = append(own, post.ID)
			} else {
				drafts = append(drafts, post.ID)
			}
		}
		public = append(public, own...)
		for path, as := range map[string]client.User{"/blog/list/author/" + w.author.ID: {}, "/blog/author/published": w.author} {
			if err := h.lists(t, path, as, own); err != nil {
				return err
			}
		}
		for path, want := range map[string][]string{"/blog/author/submitted": nil, "/blog/author/drafts": drafts} {
			if err := h.lists(t, path, w.author, want); err != nil {
				return err
			}
		}
	}
	for path, as := range map[string]client.User{"/blog/list/latest": {}, "/blog/list/tag/stock": {}, "/blog/editor/published": h.editor} {
		if err := h.lists(t, path, as, public); err != nil {
			return err
		}
	}
	for words, want := range map[string][]string{"amphorae+text+": public, "first+": nil} { // the first texts are replaced
		if err := h.lists(t, "/blog/search?tag=stock&q="+words, client.User{}, want); err != nil {
			return err
		}
	}
	if err := h.counts(t, "STOCK", len(public)); err != nil {
		return err
	}
	return h.lists(t, "/blog/editor/submitted", h.editor, nil)
}

// counts compares the count of a tag with how many published posts have it.
func (h *house) counts(t *testing.T, tag string, want int) error {
	t.Helper()
	type counted struct {
		Tag   string
		Count int
	}
	for _, c := range client.All[counted](t, h.Shop, "/blog/tags", client.User{}) {
		if c.Tag == tag && c.Count == want {
			return nil
		}
		if c.Tag == tag {
			return fmt.Errorf("%d posts are counted, want %d", c.Count, want)
		}
	}
	return errors.New("the tag is not listed")
}

// lists compares a list with the posts that belong there, each once.
func (h *house) lists(t *testing.T, path string, as client.User, want []string) error {
	t.Helper()
	var got []string
	for _, post := range client.All[client.Post](t, h.Shop, path, as) {
		got = append(got, post.ID)
	}
	slices.Sort(got)
	if want = slices.Sorted(slices.Values(want)); !slices.Equal(got, want) {
		return fmt.Errorf("%s has %d posts, want %d: %v, want %v", path, len(got), len(want), got, want)
	}
	return nil
}

// check compares a post with what its author and readers were told.
func (w *writer) check(t *testing.T, post *written) error {
	t.Helper()
	var own struct {
		client.Post
		History []struct{ Act string }
	}
	var read client.Post
	w.Must(t, client.Request{Method: "GET", Path: "/blog/author/id/" + post.ID, As: w.author}, http.StatusOK, &own)
	var acts []string
	for _, step := range own.History {
		acts = append(acts, step.Act)
	}
	if own.Version != post.Version || own.Status != post.Status || own.Text != post.text || !slices.Equal(acts, post.acts()) {
		return fmt.Errorf("its author was told %+v, and gets %+v", post, own)
	}
	answer := w.Try(t, client.Request{Method: "GET", Path: "/blog/id/" + post.ID})
	if !post.public {
		if answer.Status != http.StatusNotFound {
			return fmt.Errorf("an unpublished post: got %s", answer)
		}
		return nil
	}
	answer.Read(t, &read)
	listed := client.All[client.Comment](t, w.Shop, "/blog/id/"+post.ID+"/comments", client.User{})
	slices.Reverse(listed)
	if len(listed) == 0 {
		return errors.New("its comments are gone")
	}
	var replies client.PageOf[client.Comment]
	w.Must(t, client.Request{Method: "GET", Path: "/blog/id/" + post.ID + "/comments?replyTo=" + post.comments[0].ID}, http.StatusOK, &replies)
	listed = slices.Insert(listed, 1, replies.Items...)
	if !strings.Contains(read.HTML, post.text) || read.Comments != len(post.comments) || !slices.Equal(listed, post.comments) {
		return fmt.Errorf("readers get %+v with %+v, want %q with %+v", read, listed, post.text, post.comments)
	}
	return nil
}

// mailsAreSentOnce holds the log of what was mailed against what has happened. Nothing that sends mails was killed, so none was
// sent twice.
func (h *house) mailsAreSentOnce(t *testing.T, within time.Duration) {
	t.Helper()
	want := map[string]int{}
	for _, w := range h.writers {
		for _, post := range w.posts {
			want["post-submitted"] += 2
			want["post-published"] += 2
			want["comment-added"] += len(post.comments) + 1 // a reply is told of to the author and to the reader before
		}
	}
	want["post-submitted"] += h.earlier(t)
	system.Within(t, within, "all is told", func() error {
		got := map[string]int{}
		for mail, times := range sentMails(t, h.Shop) {
			for kind := range want {
				if strings.HasPrefix(mail, kind) {
					got[kind] += len(times)
				}
			}
			if (strings.HasPrefix(mail, "post-") || strings.HasPrefix(mail, "comment-")) && len(times) != 1 {
				t.Errorf("the mail %s was sent %d times", mail, len(times))
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			return fmt.Errorf("got %v, want %v", got, want)
		}
		return nil
	})
}

// earlier is how many posts the editor was told of before the first of the writers began.
func (h *house) earlier(t *testing.T) (n int) {
	t.Helper()
	known := map[string]bool{}
	for _, w := range h.writers {
		for _, post := range w.posts {
			known[post.ID] = true
		}
	}
	for _, notice := range client.All[client.Notice](t, h.Shop, "/notifications", h.editor) {
		if !known[notice.PostID] {
			n++
		}
	}
	return n
}
