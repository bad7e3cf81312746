package chaos

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"stoa/internal/stack"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

const (
	writers      = 5
	postsEach    = 6
	stepsOfPost  = 10 // see writer.write
	allSteps     = writers * postsEach * stepsOfPost
	readers      = 10 // each may write ten comments a minute
	stepsPerKill = 20
	agreeWithin  = time.Minute
)

// Whatever of blog, its sidecar and the broker dies while 300 requests create, edit, submit, publish, unpublish and comment on
// posts: what was acknowledged is there; within a minute lists, counts and documents agree, and each mail is sent once.
func TestBlog_losesNothingWhenItIsKilled(t *testing.T) {
	apps := client.Only(t, "gateway", "auth", "blog", "notification")
	shop := client.Start(t, system.Folder(t), apps, func(o *stack.Options) { o.Env["MAILS_PER_HOUR"] = "0" })
	w := newHouse(t, shop)
	steps := make(chan string, stepsPerKill) // so each kill comes while others write
	var all sync.WaitGroup
	for i := range w.writers {
		all.Go(func() { w.writers[i].writeAll(t, i, steps) })
	}
	go func() { all.Wait(); close(steps) }()
	taken := map[string]int{}
	victims, kills := []string{"blog", "blog.sidecar", "broker"}, 0
	for step := range steps {
		taken[step]++
		if n := total(taken); n%stepsPerKill == 0 && n < allSteps {
			victim := shop.Process(t, victims[kills%len(victims)])
			must.Do(t, shop.Signal(victim.Name, os.Kill))
			system.Eventually(t, victim.Name+" is back", func() error { return shop.Replaced(victim) })
			kills++
		}
	}
	over := time.Now()
	t.Logf("%d kills among %v", kills, taken)
	if t.Failed() {
		return
	}
	if total(taken) != allSteps || kills != allSteps/stepsPerKill-1 {
		t.Errorf("%d of %d requests were taken, with %d kills", total(taken), allSteps, kills)
	}
	system.Within(t, agreeWithin, "lists, counts and documents agree", func() error { return w.agree(t) })
	w.mailsAreSentOnce(t, agreeWithin-time.Since(over))
	t.Logf("all agree %s after the last request", time.Since(over).Round(time.Millisecond))
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
	comments []client.Comment // the second is a reply to the first
}

// acts are what the history of the post has, each once.
func (w *written) acts() []string {
	acts := []string{"submitted", "published", "submitted", "published"}
	if !w.public {
		acts = append(acts, "unpublished")
	}
	return acts
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
		isReply := len(post.comments) == 1
		if isReply {
			r.Body = map[string]string{"text": fmt.Sprintf("Comment %d.", n), "replyTo": post.comments[0].ID}
		}
		var c client.Comment
		if err := do("comment", r, &c); err != nil {
			return err
		}
		if post.comments = append(post.comments, c); isReply {
			post.comments[0].Replies++
		}
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
