package handlers

import (
	"context"
	"errors"
	"net/url"

	"stoa/services/web/internal/providers/api"
)

// blog is what readers see.
type blog struct{ *Site }

func blogPages(s *Site) []entry {
	h := blog{s}
	return []entry{
		shared("/blog", h.posts),
		shared("/blog/{slug}", h.post),
	}
}

func (h blog) posts(v *visit) error {
	q := v.query("q")
	found, err := h.api.Posts(v.ctx(), q, v.query("cursor"), "")
	if err != nil {
		return err
	}
	return v.show("blog/posts", listing[api.PostItem]{q, found, v.more(found.Next)})
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
	comments := load(l, func(ctx context.Context) (api.List[api.Comment], error) { return h.api.Comments(ctx, found.ID, "", "") })
	similar := load(l, func(ctx context.Context) (api.List[api.PostItem], error) { return h.api.SimilarPosts(ctx, found.ID) })
	l.wait()
	return v.show("blog/post", struct {
		Post     api.Post
		Comments *part[api.List[api.Comment]]
		Similar  *part[api.List[api.PostItem]]
	}{found, comments, similar})
}
