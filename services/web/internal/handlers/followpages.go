package handlers

import (
	"context"
	"net/url"
	"strings"

	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
)

// follows is who wants to be told of new posts.
type follows struct{ *Site }

func followPages(s *Site) []entry {
	h := follows{s}
	return []entry{
		page("/account/following", signedIn(), h.list),
		page("/blog/authors/{id}/follow", everyone, h.toAuthor),
		post("/blog/authors/{id}/follow", signedIn(), unlessAgain(h.toAuthor, h.author)),
		page("/blog/tags/{tag}/follow", everyone, h.toTag),
		post("/blog/tags/{tag}/follow", signedIn(), unlessAgain(h.toTag, h.tag)),
	}
}

// follow is the button by which somebody follows an author or a tag, or ends that.
type follow struct {
	To      string // the address of its form
	Offered bool   // nobody follows themselves, and it must be known whether they follow it already
	On      bool
}

// followed is what the visitor follows. known is false for guests, and while that cannot be found out.
type followed struct {
	all   []api.Followed
	known bool
	self  string
	guest bool
}

// following begins to ask what the visitor follows, and returns how to get the answer.
func (s *Site) following(v *visit) func() followed {
	if !v.who.SignedIn() || v.who.Token == "" {
		return func() followed { return followed{guest: !v.who.SignedIn()} }
	}
	l := &loading{visit: v}
	asked := load(l, func(ctx context.Context) (api.List[api.Followed], error) { return s.api.Following(ctx) })
	return func() followed {
		l.wait()
		return followed{all: asked.Value.Items, known: asked.Err == nil, self: v.who.Person.ID}
	}
}

func (f followed) author(id string) follow {
	button := follow{To: "/blog/authors/" + url.PathEscape(id) + "/follow", Offered: f.guest || f.known && id != f.self}
	for _, one := range f.all {
		button.On = button.On || one.Author != nil && one.Author.ID == id
	}
	return button
}

func (f followed) tag(tag string) follow {
	button := follow{To: "/blog/tags/" + url.PathEscape(tag) + "/follow", Offered: f.guest || f.known}
	for _, one := range f.all {
		button.On = button.On || one.Author == nil && strings.EqualFold(one.Tag, tag)
	}
	return button
}

func (h follows) list(v *visit) error {
	found, err := h.api.Following(v.ctx())
	if err != nil {
		return err
	}
	return v.show("blog/following", found)
}

func (h follows) toAuthor(v *visit) error {
	return v.redirect("/blog/authors/"+url.PathEscape(v.part("id")), "")
}

func (h follows) toTag(v *visit) error {
	return v.redirect("/blog/tags/"+url.PathEscape(v.part("tag")), "")
}

func (h follows) author(v *visit) error {
	id := v.part("id")
	return h.change(v, "/blog/authors/"+url.PathEscape(id), func(on bool) error { return h.api.FollowAuthor(v.ctx(), id, on) })
}

func (h follows) tag(v *visit) error {
	tag := v.part("tag")
	return h.change(v, "/blog/tags/"+url.PathEscape(tag), func(on bool) error { return h.api.FollowTag(v.ctx(), tag, on) })
}

// followView is shown where following is not possible.
type followView struct {
	Form *view.Form
	Back string
}

// change begins to follow, or ends that, and leads back. Ending it from the list of all leads there.
func (h follows) change(v *visit, back string, do func(on bool) error) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	if form.Get("from") == "list" {
		back = "/account/following"
	}
	on := form.Get("follow") == "yes"
	if err := do(on); err != nil {
		return v.again("blog/follow", form, followView{form, back}, absent(err))
	}
	if on {
		return v.redirect(back, "blog.done.followed")
	}
	return v.redirect(back, "blog.done.unfollowed")
}
