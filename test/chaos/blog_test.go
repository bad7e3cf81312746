package chaos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"stoa/internal/stack"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

const (
	writers      = 5
	postsEach    = 6
	stepsOfPost  = 10 // see writer.write
	readers      = 10 // each may write ten comments a minute
	stepsPerKill = 20
)

// Whatever of blog, its sidecar and the broker dies while 300 requests create, edit, submit, publish, unpublish and comment on
// posts: what was acknowledged is there, lists, counts and documents agree, and each mail is sent once.
func TestBlog_losesNothingWhenItIsKilled(t *testing.T) {
	shop := client.Start(t, system.Folder(t), func(o *stack.Options) { o.Env["MAILS_PER_HOUR"] = "0" })
	w := newHouse(t, shop)
	steps := make(chan string, writers*postsEach*stepsOfPost)
	var all sync.WaitGroup
	for i := range w.writers {
		all.Go(func() { w.writers[i].writeAll(t, i, steps) })
	}
	go func() { all.Wait(); close(steps) }()
	taken := map[string]int{}
	victims, kills := []string{"blog", "blog.sidecar", "broker"}, 0
	for step := range steps {
		taken[step]++
		if n := total(taken); n%stepsPerKill == 0 && n < cap(steps) {
			victim := shop.Process(t, victims[kills%len(victims)])
			must.Do(t, shop.Signal(victim.Name, os.Kill))
			system.Eventually(t, victim.Name+" is back", func() error { return shop.Replaced(victim) })
			kills++
		}
	}
	t.Logf("%d kills among %v", kills, taken)
	if t.Failed() {
		return
	}
	if total(taken) != cap(steps) {
		t.Errorf("%d of %d requests were taken", total(taken), cap(steps))
	}
	system.Eventually(t, "lists, counts and documents agree", func() error { return w.agree(t) })
	w.mailsAreSentOnce(t)
}

func total(counts map[string]int) (n int) {
	for _, count := range counts {
		n += count
	}
	return n
}

// house is a blog with the people who write for it.
type house struct {
	*client.Shop
	editor  client.User
	writers []*writer
}

// writer is an author with a history: what was acknowledged.
type writer struct {
	*client.Shop
	author, editor client.User
	readers        []client.User
	posts          []*written
}

// written is what the author, the editor and the readers of a post were told.
type written struct {
	client.Post
	text     string // that readers see, or saw last
	public   bool
	comments []client.Comment
}

func newHouse(t *testing.T, shop *client.Shop) *house {
	t.Helper()
	admin := shop.SignIn(t, "admin")
	h := &house{Shop: shop, editor: shop.KnownEditor(t, shop.SignIn(t, "author"))}
	var people []client.User
	for range readers {
		people = append(people, shop.SignUp(t))
	}
	for range writers {
		h.writers = append(h.writers, &writer{Shop: shop, author: shop.NewAuthor(t, admin), editor: h.editor, readers: people})
	}
	return h
}

// writeAll writes the posts of an author, one after the other. It tells of each request that was taken.
func (w *writer) writeAll(t *testing.T, number int, steps chan<- string) {
	for n := range postsEach {
		post := &written{public: true}
		w.posts = append(w.posts, post)
		if err := w.write(t, post, number*postsEach+n, steps); err != nil {
			t.Errorf("post %d of writer %d: %v", n, number, err)
			return
		}
	}
}

// write takes a post through its life: each request is sent until it is taken, with the version that the answer before had.
func (w *writer) write(t *testing.T, post *written, number int, steps chan<- string) error {
	do := func(name string, r client.Request, out any) error {
		if post.Version != 0 && name != "comment" {
			r.Header = map[string]string{"If-Match": fmt.Sprintf(`"%d"`, post.Version)}
		}
		answer, err := w.Persist(t.Context(), r)
		if err == nil {
			err = json.Unmarshal(answer.Body, out)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		steps <- name
		return nil
	}
	edit := func(text string) error {
		post.text = text
		return do("edit", client.Request{
			Method: "PATCH", Path: "/blog/author/id/" + post.ID, As: w.author, Body: map[string]string{"text": text},
		}, &post.Post)
	}
	act := func(name, path string, as client.User) func() error {
		return func() error { return do(name, client.ActOn(post.ID, path, as), &post.Post) }
	}
	submit, publish := act("submit", "author/submit", w.author), act("publish", "editor/publish", w.editor)
	comment := func() error {
		n := number*3 + len(post.comments)
		r := client.CommentOn(post.ID, w.readers[n%readers], fmt.Sprintf("Comment %d.", n))
		r.Key = fmt.Sprint("comment-", n)
		var c client.Comment
		if err := do("comment", r, &c); err != nil {
			return err
		}
		post.comments = append(post.comments, c)
		return nil
	}
	last := comment
	if number%3 == 0 {
		post.public = false
		last = act("unpublish", "editor/unpublish", w.editor)
	}
	create := client.DraftBy(w.author)
	create.Key = fmt.Sprint("post-", number)
	if err := do("create", create, &post.Post); err != nil {
		return err
	}
	for _, step := range []func() error{
		func() error { return edit("The first text.") }, func() error { return submit() }, func() error { return publish() }, comment,
		func() error { return edit(fmt.Sprintf("Text %d.", number)) }, func() error { return submit() }, func() error { return publish() },
		comment, func() error { return last() },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

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
	return h.lists(t, "/blog/editor/submitted", h.editor, nil)
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
	var own, read client.Post
	w.Must(t, client.Request{Method: "GET", Path: "/blog/author/id/" + post.ID, As: w.author}, http.StatusOK, &own)
	if own.Version != post.Version || own.Status != post.Status || own.Text != post.text {
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
	if !strings.Contains(read.HTML, post.text) || read.Comments != len(post.comments) || !slices.Equal(listed, post.comments) {
		return fmt.Errorf("readers get %+v with %+v, want %q with %+v", read, listed, post.text, post.comments)
	}
	return nil
}

// mailsAreSentOnce holds the log of what was mailed against what has happened. Nothing that sends mails was killed, so none was
// sent twice.
func (h *house) mailsAreSentOnce(t *testing.T) {
	t.Helper()
	want := map[string]int{}
	for _, w := range h.writers {
		for _, post := range w.posts {
			want["post-submitted"] += 2
			want["post-published"] += 2
			want["comment-added"] += len(post.comments)
		}
	}
	want["post-submitted"] += h.earlier(t)
	system.Eventually(t, "all is told", func() error {
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
