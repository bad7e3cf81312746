package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"stoa/bench/report"
)

// rebuildLimit is how long the service may take to index all posts.
const rebuildLimit = 30 * time.Minute

// measureSearch compares searches of a blog with many posts with those of one that has few.
func (b *bench) measureSearch(ctx context.Context) (p report.Part, err error) {
	small, large := b.this(), b.this()
	small.name, large.name = fmt.Sprint(fewPosts, " posts"), fmt.Sprint(b.posts, " posts")
	all, err := b.start(ctx, "search", small, large)
	defer func() { err = errors.Join(err, all.stop()) }()
	if err != nil {
		return p, err
	}
	rebuilds := report.Table{
		Title: "A rebuild of the index", Note: "By one process, beside nothing else.", Columns: []string{"s", "posts/s"},
	}
	var blogs [2]*blog
	for i, posts := range []int{fewPosts, b.posts} {
		blogs[i] = &blog{shop: all[i]}
		if err := blogs[i].fillTexts(ctx, posts); err != nil {
			return p, err
		}
		took, err := blogs[i].rebuild(ctx)
		if err != nil {
			return p, err
		}
		rebuilds.Rows = append(rebuilds.Rows, report.Row{
			Name: all[i].name, Figures: []report.Figure{report.Of(took.Seconds()), report.Of(float64(posts) / took.Seconds())},
		})
	}
	sizes := [2]string{small.name, large.name}
	operations := []*operation[*blog]{
		{name: "search for a word", sizes: sizes, run: searching(oneWord)},
		{name: "search for two words", sizes: sizes, run: searching(twoWords)},
		{name: "search for a word and the beginning of another", sizes: sizes, run: searching(beginning)},
		{name: "the same search again", sizes: sizes, run: searching(sameWords)},
	}
	if err := compare(ctx, b, blogs, operations); err != nil {
		return p, err
	}
	p.Figures = map[string]report.Figure{}
	for _, o := range operations {
		p.Tables = append(p.Tables, o.table())
		p.Figures["p50/"+o.name] = report.Ratio(o.p50[1], o.p50[0])
		p.Figures["calls/"+o.name] = report.Ratio(o.calls[1], o.calls[0])
	}
	keys, err := keysRead(ctx, blogs)
	p.Tables = append(p.Tables, keys.table(sizes), rebuilds)
	p.Figures["keys/first search"] = report.Of(keys.first[1]...)
	return p, err
}

// searching is an operation that searches for something else each time.
func searching(query func() string) func(*blog, context.Context, int) ([]time.Duration, error) {
	return func(f *blog, ctx context.Context, count int) ([]time.Duration, error) {
		return timed(count, func() error { return f.page(ctx, "/search", "&q="+url.QueryEscape(query())) })
	}
}

// fillTexts has a post written, and fills the database with copies of it, each with a text of its own. The index does not know them.
func (f *blog) fillTexts(ctx context.Context, posts int) error {
	began := time.Now()
	w, err := f.writers(ctx)
	if err != nil {
		return err
	}
	if _, err := f.post(ctx, w); err != nil { // the first makes the lists
		return err
	}
	const blank = "quux " // in the place of every word
	text := strings.TrimSpace(strings.Repeat(blank, wordsOfPost))
	post, err := f.copying(ctx, w.authorID, func() error { _, err := f.publish(ctx, w, text); return err })
	if err != nil {
		return err
	}
	for _, part := range post.parts {
		part.vary = func(number int) *strings.Replacer { return strings.NewReplacer(text, textOf(number)) }
	}
	err = f.offline(ctx, func() error { return post.fill(ctx, f.dir, posts-2, posts) })
	fmt.Printf("%d posts are written after %s.\n", posts, time.Since(began).Round(time.Second))
	return err
}

// rebuild has the service index the posts, and returns how long it was at it.
func (f *blog) rebuild(ctx context.Context) (time.Duration, error) {
	const path, tokenTime = "/blog/search/rebuild", 10 * time.Minute
	ctx, cancel := context.WithTimeoutCause(ctx, rebuildLimit, fmt.Errorf("the posts are not indexed after %s", rebuildLimit))
	defer cancel()
	var now struct{ State string }
	err := f.call(ctx, "POST", path, f.staff, nil, &now)
	began, signedIn := time.Now(), time.Now()
	for err == nil && now.State != "done" {
		if now.State == "waiting" { // the schedule begins it
			began = time.Now()
		}
		select {
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
		if time.Since(signedIn) > tokenTime {
			signedIn, err = time.Now(), f.signIn(ctx)
		}
		if err == nil {
			err = f.call(ctx, "GET", path, f.staff, nil, &now)
		}
	}
	return time.Since(began), err
}
