package handlers

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"stoa/pkg/common/errs"
	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
)

// comments is what is written below posts.
type comments struct{ *Site }

func commentPages(s *Site) []entry {
	h, base := comments{s}, "/blog/{slug}/comments"
	return []entry{
		page(base, signedIn(), h.addPage),
		post(base, signedIn(), h.add),
		shared(base+"/{id}", h.thread),
		post(base+"/{id}", signedIn(), h.reply),
		page(base+"/{id}/edit", signedIn(), h.editPage),
		post(base+"/{id}/edit", signedIn(), h.edit),
		page(base+"/{id}/delete", signedIn(), h.deletePage),
		post(base+"/{id}/delete", signedIn(), h.delete),
		page(base+"/{id}/report", signedIn(), h.reportPage),
		post(base+"/{id}/report", signedIn(), h.report),
	}
}

const bodyField, groundsField = "text", "reason"

// remark is what the pages about a comment show.
type remark struct {
	Post    api.Post
	Comment api.Comment // the zero Comment on the page for a new one
	Replies *part[api.List[api.Comment]]
	More    string
	Form    *view.Form
}

// said is a comment below a post.
type said struct {
	api.Comment
	Slug string // of the post
}

// Said returns a comment for its template.
func (r remark) Said(c api.Comment) said { return said{c, r.Post.Slug} }

// Said returns a comment for its template.
func (p postView) Said(c api.Comment) said { return said{c, p.Post.Slug} }

// typedText returns a text as its author typed it: browsers send ends of lines of their own.
func typedText(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// find returns the post of the address, and the comment if the address has one.
func (h comments) find(v *visit) (remark, error) {
	l := &loading{visit: v}
	comment := &part[api.Comment]{}
	if id := v.part("id"); id != "" {
		comment = load(l, func(ctx context.Context) (api.Comment, error) { return h.api.Comment(ctx, id) })
	}
	found, err := h.api.PostBySlug(v.ctx(), v.part("slug"))
	if to, moved := errors.AsType[*api.Moved](err); moved {
		found, err = h.api.PostBySlug(v.ctx(), to.To)
	}
	l.wait()
	switch {
	case err != nil:
		return remark{}, absent(err)
	case comment.Err != nil:
		return remark{}, absent(comment.Err)
	case comment.Value.ID != "" && comment.Value.PostID != found.ID:
		return remark{}, errs.New(errs.NotFound, "the comment is on another post")
	}
	return remark{Post: found, Comment: comment.Value}, nil
}

// own is find for a comment of the visitor's.
func (h comments) own(v *visit) (remark, error) {
	shown, err := h.find(v)
	if err == nil && (shown.Comment.Author == nil || shown.Comment.Author.ID != v.who.Person.ID) {
		err = errs.New(errs.NotFound, "it is somebody else's comment")
	}
	return shown, err
}

// commentAt is the address of a comment on the page that shows it.
func commentAt(post api.Post, c api.Comment) string {
	address := "/blog/" + url.PathEscape(post.Slug)
	if c.ReplyTo != "" {
		address += "/comments/" + url.PathEscape(c.ReplyTo)
	}
	return address + "#comment-" + c.ID
}

func (h comments) addPage(v *visit) error {
	shown, err := h.find(v)
	if err != nil {
		return err
	}
	shown.Form = view.NewForm(nil, bodyField)
	return v.show("blog/comment", shown)
}

func (h comments) add(v *visit) error   { return h.write(v, "blog/comment") }
func (h comments) reply(v *visit) error { return h.write(v, "blog/thread") }

// write adds a comment, or a reply to the one of the address.
func (h comments) write(v *visit, name string) error {
	form, err := v.form(bodyField)
	if err != nil {
		return err
	}
	shown, err := h.find(v)
	if err != nil {
		return err
	}
	shown.Form, shown.Replies = form, &part[api.List[api.Comment]]{}
	if form.Again {
		return v.show(name, shown)
	}
	made, err := h.api.AddComment(v.ctx(), shown.Post.ID, form.Key(), typedText(form.Get(bodyField)), shown.Comment.ID)
	if err != nil {
		return v.again(name, form, shown, err)
	}
	return v.redirect(commentAt(shown.Post, made), "blog.done.commented")
}

// thread shows a comment with its replies.
func (h comments) thread(v *visit) error {
	shown, err := h.find(v)
	if err != nil {
		return err
	}
	if shown.Comment.ReplyTo != "" {
		return v.redirect(commentAt(shown.Post, shown.Comment), "")
	}
	l := &loading{visit: v}
	shown.Replies = load(l, func(ctx context.Context) (api.List[api.Comment], error) {
		return h.api.Comments(ctx, shown.Post.ID, shown.Comment.ID, v.query("cursor"))
	})
	l.wait()
	shown.More, shown.Form = v.more(shown.Replies.Value.Next), view.NewForm(nil, bodyField)
	return v.show("blog/thread", shown)
}

func (h comments) editPage(v *visit) error {
	shown, err := h.own(v)
	if err != nil {
		return err
	}
	shown.Form = view.NewForm(url.Values{bodyField: {shown.Comment.Text}}, bodyField)
	return v.show("blog/edit-comment", shown)
}

func (h comments) edit(v *visit) error {
	return h.change(v, bodyField, "blog/edit-comment", "blog.done.edited", h.own, func(id, text string) error {
		return h.api.EditComment(v.ctx(), id, text)
	})
}

func (h comments) deletePage(v *visit) error {
	shown, err := h.own(v)
	if err != nil {
		return err
	}
	shown.Form = view.NewForm(nil)
	return v.show("blog/delete-comment", shown)
}

func (h comments) delete(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	shown, err := h.own(v)
	if shown.Form = form; err == nil && form.Again {
		return v.show("blog/delete-comment", shown)
	}
	if err == nil {
		err = h.api.DeleteComment(v.ctx(), shown.Comment.ID)
	}
	back := "/blog/" + url.PathEscape(v.part("slug"))
	switch {
	case errs.Is(err, errs.NotFound): // such as for a second click
		return v.redirect(back, "blog.done.gone")
	case err != nil:
		return v.again("blog/delete-comment", form, shown, err)
	}
	return v.redirect(back, "blog.done.deleted")
}

func (h comments) reportPage(v *visit) error {
	shown, err := h.find(v)
	if err != nil {
		return err
	}
	shown.Form = view.NewForm(nil, groundsField)
	return v.show("blog/report", shown)
}

func (h comments) report(v *visit) error {
	return h.change(v, groundsField, "blog/report", "blog.done.reported", h.find, func(id, reason string) error {
		return h.api.ReportComment(v.ctx(), id, reason)
	})
}

// change is a form with one field about a comment.
func (h comments) change(
	v *visit, field, name, done string, find func(*visit) (remark, error), do func(id, text string) error,
) error {
	form, err := v.form(field)
	if err != nil {
		return err
	}
	shown, err := find(v)
	if err != nil {
		return err
	}
	if shown.Form = form; form.Again {
		return v.show(name, shown)
	}
	if err := do(shown.Comment.ID, typedText(form.Get(field))); err != nil {
		return v.again(name, form, shown, err)
	}
	return v.redirect(commentAt(shown.Post, shown.Comment), done)
}
