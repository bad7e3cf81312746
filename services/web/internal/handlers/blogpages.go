package handlers

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
)

// blog is what readers see.
type blog struct{ *Site }

// A post is at /blog/{slug}. All else below /blog has a longer path.
func blogPages(s *Site) []entry {
	h := blog{s}
	return []entry{
		shared("/blog", h.posts),
		shared("/blog/all/tags", h.tags),
		shared("/blog/tags/{tag}", h.tag),
		shared("/blog/authors/{id}", h.author),
		shared("/blog/archive/{month}", h.archive),
		shared("/blog/{slug}", h.post),
	}
}

// topTags is how many tags the first page of the blog shows.
const topTags = "24"

// blogFront is what the first page of the blog shows.
type blogFront struct {
	listing[api.PostItem]
	Tags  *part[api.List[api.Tag]] // nil for a search
	Month string                   // that of now
}

func (h blog) posts(v *visit) error {
	q := strings.TrimSpace(v.query("q"))
	l := &loading{visit: v}
	shown := blogFront{Month: monthOf(time.Now())}
	if q == "" {
		shown.Tags = load(l, func(ctx context.Context) (api.List[api.Tag], error) { return h.api.Tags(ctx, "", topTags) })
	}
	found, err := h.api.Posts(v.ctx(), q, v.query("cursor"), "")
	l.wait()
	if err != nil {
		return err
	}
	shown.listing = listing[api.PostItem]{q, found, v.more(found.Next)}
	return v.show("blog/posts", shown)
}

func (h blog) tags(v *visit) error {
	found, err := h.api.Tags(v.ctx(), v.query("cursor"), "100")
	if err != nil {
		return err
	}
	return v.show("blog/tags", listing[api.Tag]{"", found, v.more(found.Next)})
}

// subject is what the page of a tag or an author shows.
type subject struct {
	listing[api.PostItem]
	Name, ID string // of the author, or the tag alone
	Picture  string
	Follow   follow
}

func (h blog) tag(v *visit) error {
	tag := v.part("tag")
	followed := h.following(v)
	found, err := h.api.PostsWithTag(v.ctx(), tag, v.query("cursor"))
	button := followed().tag(tag)
	if to, moved := errors.AsType[*api.Moved](err); moved {
		return v.moved("/blog/tags/" + url.PathEscape(to.To))
	}
	if err != nil {
		return absent(err)
	}
	return v.show("blog/tag", subject{listing: listing[api.PostItem]{"", found, v.more(found.Next)}, Name: tag, Follow: button})
}

func (h blog) author(v *visit) error {
	id := v.part("id")
	followed := h.following(v)
	found, err := h.api.PostsBy(v.ctx(), id, v.query("cursor"))
	shown := subject{listing: listing[api.PostItem]{"", found, v.more(found.Next)}, ID: id, Follow: followed().author(id)}
	if err != nil {
		return absent(err)
	}
	if len(found.Items) > 0 {
		shown.Name, shown.Picture = found.Items[0].Author.Name, found.Items[0].Author.Picture()
	}
	return v.show("blog/author", shown)
}

// monthly is what the page of a month shows.
type monthly struct {
	listing[api.PostItem]
	First          time.Time // of the month
	Previous, Next string    // months; Next is "" in the current one
}

func monthOf(t time.Time) string { return t.UTC().Format(monthForm) }

// monthForm is the form of a month in an address.
const monthForm = "2006-01"

func (h blog) archive(v *visit) error {
	first, err := time.Parse(monthForm, v.part("month"))
	if err != nil {
		return nothingHere(v)
	}
	found, err := h.api.PostsOf(v.ctx(), v.part("month"), v.query("cursor"))
	if err != nil {
		return absent(err)
	}
	shown := monthly{listing: listing[api.PostItem]{"", found, v.more(found.Next)}, First: first, Previous: monthOf(first.AddDate(0, -1, 0))}
	if next := first.AddDate(0, 1, 0); next.Before(time.Now()) {
		shown.Next = monthOf(next)
	}
	return v.show("blog/archive", shown)
}

// postView is what the page of a post shows.
type postView struct {
	Post     api.Post
	Comments *part[api.List[api.Comment]]
	Similar  *part[api.List[api.PostItem]]
	More     string     // the address of further comments
	Form     *view.Form // for a comment; only those who are signed in see it
}

func (h blog) post(v *visit) error {
	found, err := h.api.PostBySlug(v.ctx(), v.part("slug"))
	if to, moved := errors.AsType[*api.Moved](err); moved {
		return v.moved("/blog/" + url.PathEscape(to.To))
	}
	if err != nil {
		return absent(err)
	}
	l := &loading{visit: v}
	shown := postView{Post: found, Form: view.NewForm(nil, bodyField)}
	shown.Comments = load(l, func(ctx context.Context) (api.List[api.Comment], error) {
		return h.api.Comments(ctx, found.ID, "", v.query("cursor"))
	})
	shown.Similar = load(l, func(ctx context.Context) (api.List[api.PostItem], error) { return h.api.SimilarPosts(ctx, found.ID) })
	l.wait()
	shown.More = v.more(shown.Comments.Value.Next)
	return v.show("blog/post", shown)
}
