package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"stoa/bench/report"
)

// fewPosts and fewComments are what the small blog has.
const fewPosts, fewComments = 1000, 100

// manyComments is how many comments one post of the large blog has.
const manyComments = 10_000

// writers are those who fill a blog.
type writers struct{ author, editor, authorID string }

// blog is a shop with posts, and one post with comments.
type blog struct {
	*shop
	posts     []string // ids
	commented string   // the id of the post with comments
	comments  int
}

// measureBlog compares reading with and without the gateway's cache, and a blog with many posts with one that has few.
func (b *bench) measureBlog(ctx context.Context) (p report.Part, err error) {
	small, large := b.this(), b.this()
	small.name, large.name = fmt.Sprint(fewPosts, " posts"), fmt.Sprint(b.posts, " posts")
	all, err := b.start(ctx, "blog", small, large)
	defer func() { err = errors.Join(err, all.stop()) }()
	if err != nil {
		return p, err
	}
	var blogs [2]*blog
	for i, count := range [][2]int{{fewPosts, fewComments}, {b.posts, manyComments}} {
		began := time.Now()
		if blogs[i], err = all[i].fillBlog(ctx, count[0], count[1]); err != nil {
			return p, err
		}
		fmt.Printf("%d posts and %d comments are written after %s.\n", count[0], count[1], time.Since(began).Round(time.Second))
	}
	reads := blogs[1].reads()
	p.Rounds = readRounds * b.rounds
	if err := turns(p.Rounds, len(reads), func(thing, round int) error { return blogs[1].slice(ctx, reads[thing], round == 0) }); err != nil {
		return p, err
	}
	p.Tables = []report.Table{readTable(fmt.Sprintf("Reads of posts, with %d callers", readCallers),
		"A request with `Cache-Control: no-cache` passes the gateway's cache.", reads)}
	posts := [2]string{small.name, large.name}
	comments := [2]string{fmt.Sprint(fewComments, " comments"), fmt.Sprint(manyComments, " comments")}
	operations := []*operation[*blog]{
		{name: "page of posts", sizes: posts, run: (*blog).latest}, {name: "later page of posts", sizes: posts, run: (*blog).later},
		{name: "page of a tag", sizes: posts, run: (*blog).tagged}, {name: "page of comments", sizes: comments, run: (*blog).discussion},
		{name: "later page of comments", sizes: comments, run: (*blog).laterComments},
	}
	err = compare(ctx, b, blogs, operations)
	p.Figures = map[string]report.Figure{}
	for _, o := range operations {
		p.Tables = append(p.Tables, o.table())
		p.Figures["p50/"+o.name] = report.Ratio(o.p50[1], o.p50[0])
		p.Figures["calls/"+o.name] = report.Ratio(o.calls[1], o.calls[0])
	}
	return p, err
}

// reads are requests for one post and for one page of a list.
func (f *blog) reads() []*read {
	api := f.record.Gateway + "/api/v1/blog"
	key := header("X-Api-Key", f.credentials.APIKey)
	fresh := header("Cache-Control", "no-cache", key)
	return []*read{
		{name: "post, cached", url: api + "/id/" + f.commented, header: key},
		{name: "post, not cached", url: api + "/id/" + f.commented, header: fresh},
		{name: "latest posts, cached", url: api + "/list/latest", header: key},
		{name: "latest posts, not cached", url: api + "/list/latest", header: fresh},
	}
}

// fillBlog has a post and a comment written, and fills the database with copies of what the service has written for them.
func (b *shop) fillBlog(ctx context.Context, posts, comments int) (*blog, error) {
	w, err := b.writers(ctx)
	if err != nil {
		return nil, err
	}
	f := &blog{shop: b, comments: comments}
	if f.commented, err = b.post(ctx, w); err != nil { // the first makes the lists
		return nil, err
	}
	post, err := b.copying(ctx, w.authorID, func() error { _, err := b.post(ctx, w); return err })
	if err != nil {
		return nil, err
	}
	if err := b.comment(ctx, f.commented); err != nil {
		return nil, err
	}
	comment, err := b.copying(ctx, b.account, func() error { return b.comment(ctx, f.commented) })
	if err != nil {
		return nil, err
	}
	err = b.offline(ctx, func() error {
		return errors.Join(post.fill(ctx, b.dir, posts-2, posts), comment.fill(ctx, b.dir, comments-2, comments))
	})
	if err != nil {
		return nil, err
	}
	f.posts, err = post.documentIDs("blog-store||post:", posts-2)
	return f, err
}

// offline writes into the databases while the system does not run.
func (b *shop) offline(ctx context.Context, write func() error) error {
	b.broker.close()
	if err := b.system.stop(); err != nil {
		return err
	}
	if err := write(); err != nil {
		return err
	}
	if err := b.system.start(ctx); err != nil {
		return err
	}
	broker, err := dialBroker(b.system)
	b.broker = broker
	return errors.Join(err, b.signIn(ctx))
}

// copying is a template of what the blog stores while something is done. What has left a list by then is not on that of a copy.
func (b *shop) copying(ctx context.Context, account string, do func() error) (*template, error) {
	before, err := b.stored(ctx)
	if err != nil {
		return nil, err
	}
	if err := do(); err != nil {
		return nil, err
	}
	after, err := b.stored(ctx)
	if err != nil {
		return nil, err
	}
	const file = "blog.db"
	t := templateOf(before, after, account)
	part := t.parts[file]
	if part == nil {
		return nil, errors.New("the blog has stored nothing")
	}
	part.lists = slices.DeleteFunc(part.lists, func(l listed) bool {
		return l.name == "unfinished" || strings.HasPrefix(l.name, "submitted") || strings.HasPrefix(l.name, "drafts-of:")
	})
	t.parts = map[string]*filePart{file: part}
	return t, nil
}

func (b *shop) writers(ctx context.Context) (w writers, err error) {
	var in struct {
		AccessToken string
		User        struct{ ID string }
	}
	if err := b.call(ctx, "POST", "/auth/signin/basic", "", b.credentials.Accounts["editor"], &in); err != nil {
		return w, err
	}
	w.editor = in.AccessToken
	err = b.call(ctx, "POST", "/auth/signin/basic", "", b.credentials.Accounts["author"], &in)
	w.author, w.authorID = in.AccessToken, in.User.ID
	return w, err
}

// post has a post written and published, and returns its id.
func (b *shop) post(ctx context.Context, w writers) (string, error) {
	return b.publish(ctx, w, strings.Repeat("Count them **once**, and write it down before you go on.\n\n", 40))
}

// publish has a post with a text written and published, and returns its id.
func (b *shop) publish(ctx context.Context, w writers, text string) (string, error) {
	var post struct{ ID string }
	err := b.call(ctx, "POST", "/blog/author", w.author, map[string]any{
		"title": "Counting amphorae", "description": "How we do it, and how often.", "tags": []string{"Stock", "Athens"}, "text": text,
	}, &post)
	if err == nil {
		err = b.call(ctx, "PUT", "/blog/author/submit/id/"+post.ID, w.author, nil, nil)
	}
	if err == nil {
		err = b.call(ctx, "PUT", "/blog/editor/publish/id/"+post.ID, w.editor, nil, nil)
	}
	return post.ID, err
}

func (b *shop) comment(ctx context.Context, post string) error {
	return b.call(ctx, "POST", "/blog/id/"+post+"/comments", b.customer, map[string]string{"text": "We count them twice, and it helps."}, nil)
}

func (f *blog) latest(ctx context.Context, count int) ([]time.Duration, error) {
	return timed(count, func() error { return f.page(ctx, "/list/latest", "") })
}

// later reads pages anywhere in the list. A cursor is the number of an entry.
func (f *blog) later(ctx context.Context, count int) ([]time.Duration, error) {
	return timed(count, func() error {
		return f.page(ctx, "/list/latest", fmt.Sprint("&cursor=", pageLimit+1+rand.IntN(len(f.posts)-pageLimit)))
	})
}

func (f *blog) tagged(ctx context.Context, count int) ([]time.Duration, error) {
	return timed(count, func() error { return f.page(ctx, "/list/tag/stock", "") })
}

func (f *blog) discussion(ctx context.Context, count int) ([]time.Duration, error) {
	return timed(count, func() error { return f.page(ctx, "/id/"+f.commented+"/comments", "") })
}

func (f *blog) laterComments(ctx context.Context, count int) ([]time.Duration, error) {
	return timed(count, func() error {
		return f.page(ctx, "/id/"+f.commented+"/comments", fmt.Sprint("&cursor=", pageLimit+1+rand.IntN(f.comments-pageLimit)))
	})
}

// page reads a page, past the gateway's cache.
func (f *blog) page(ctx context.Context, path, cursor string) error {
	var page struct{ Items []struct{ ID string } }
	fresh := http.Header{"Cache-Control": {"no-cache"}}
	path = fmt.Sprint("/blog", path, "?limit=", pageLimit, cursor)
	if err := f.callWith(ctx, fresh, "GET", path, "", nil, &page); err != nil {
		return err
	}
	if len(page.Items) != pageLimit {
		return fmt.Errorf("%s has %d items, want %d", path, len(page.Items), pageLimit)
	}
	return nil
}
