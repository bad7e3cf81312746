package handlers

import (
	"context"
	"strconv"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
)

// review is what editors do with posts.
type review struct{ *Site }

func reviewPages(s *Site) []entry {
	h, editor := review{s}, signedIn(domain.Editor)
	return []entry{
		page("/review", editor, h.list(api.SubmittedList)),
		page("/review/published", editor, h.list(api.PublishedList)),
		page("/review/posts/{id}", editor, h.post),
		post("/review/posts/{id}", editor, h.decide),
	}
}

func (h review) list(which string) func(*visit) error {
	return func(v *visit) error {
		found, err := h.api.EditorPosts(v.ctx(), which, v.query("cursor"))
		if err != nil {
			return err
		}
		return v.show("review/list", works{listing[api.Work]{"", found, v.more(found.Next)}, which})
	}
}

// The fields of decisions.
const adviceField, publishAtField = "note", "publishAt"

// momentForm is the form in which browsers send a time. It has no zone; the page says that it is UTC.
const momentForm = "2006-01-02T15:04"

// reviewView is what the page of a post shows to editors.
type reviewView struct {
	Post api.Examined
	Form *view.Form
	Now  time.Time
}

// Moment is now, in the form of times that browsers send.
func (r reviewView) Moment() string { return r.Now.Format(momentForm) }

func (h review) post(v *visit) error {
	return h.show(v, view.NewForm(nil, adviceField, publishAtField), nil)
}

// show shows a post, and why a decision about it was not possible. The decision is always about what the page shows.
func (h review) show(v *visit, form *view.Form, problem error) error {
	if problem != nil && !form.Take(problem) {
		return problem
	}
	found, err := h.api.Examine(v.ctx(), v.part("id"))
	if err != nil {
		return absent(err)
	}
	form.Values.Set(versionField, strconv.FormatInt(found.Version, 10))
	shown := reviewView{found, form, time.Now().UTC()}
	if problem == nil {
		return v.show("review/post", shown)
	}
	web.NoteError(v.ctx(), problem)
	return v.answer(errs.KindOf(problem).HTTPStatus(), "review/post", shown)
}

// decide publishes a post, gives it back to its author, or takes it away from readers.
func (h review) decide(v *visit) error {
	form, err := v.form(adviceField, publishAtField)
	if err != nil {
		return err
	}
	if form.Again {
		return h.show(v, form, nil)
	}
	version, err := strconv.ParseInt(form.Get(versionField), 10, 64)
	if err != nil || version < 1 {
		return errs.New(errs.Malformed, "the form has no version")
	}
	done, err := h.carryOut(v, form, version)
	if err != nil {
		return h.show(v, form, err)
	}
	return v.redirect("/review", done)
}

// carryOut makes a decision about this version of a post, and returns the key of the text that says so.
func (h review) carryOut(v *visit, form *view.Form, version int64) (done string, err error) {
	id, note := v.part("id"), typedText(form.Get(adviceField))
	switch form.Get("do") {
	case "publish":
		return "review.done.published", h.api.PublishPost(v.ctx(), id, version, nil)
	case "schedule":
		at, err := time.Parse(momentForm, form.Get(publishAtField))
		if err != nil {
			return "", errs.InvalidField(publishAtField, "%s", v.view(nil).T("review.no-time"))
		}
		return "review.done.scheduled", h.api.PublishPost(v.ctx(), id, version, &at)
	case "refuse":
		return "review.done.refused", h.api.RefusePost(v.ctx(), id, version, note)
	case "unpublish":
		return "review.done.unpublished", h.api.UnpublishPost(v.ctx(), id, version, note)
	}
	return "", errs.New(errs.Malformed, "the form does not say what to do")
}

// reports is what editors do with comments.
type reports struct{ *Site }

func reportPages(s *Site) []entry {
	h, editor := reports{s}, signedIn(domain.Editor)
	return []entry{
		page("/review/reports", editor, h.list),
		page("/review/comments/{id}", editor, h.comment),
		post("/review/comments/{id}", editor, h.decide),
	}
}

// reportsView is what the list of comments shows that readers have reported.
type reportsView struct {
	listing[api.Reported]
	Decided bool
	Posts   map[string]*part[api.Post] // that they are on, by id
}

func (h reports) list(v *visit) error {
	decided := v.query("state") == "decided"
	found, err := h.api.Reports(v.ctx(), decided, v.query("cursor"))
	if err != nil {
		return err
	}
	shown := reportsView{listing[api.Reported]{"", found, v.more(found.Next)}, decided, map[string]*part[api.Post]{}}
	l := &loading{visit: v}
	for _, one := range found.Items {
		if shown.Posts[one.PostID] == nil {
			shown.Posts[one.PostID] = load(l, func(ctx context.Context) (api.Post, error) { return h.api.PostByID(ctx, one.PostID) })
		}
	}
	l.wait()
	return v.show("review/reports", shown)
}

// decisionView is what the page for a decision about a comment shows.
type decisionView struct {
	ID      string
	Comment *part[api.Comment] // missing if readers do not see it
	Form    *view.Form
}

func (h reports) about(v *visit, form *view.Form) decisionView {
	id := v.part("id")
	l := &loading{visit: v}
	shown := decisionView{ID: id, Form: form, Comment: load(l, func(ctx context.Context) (api.Comment, error) { return h.api.Comment(ctx, id) })}
	l.wait()
	return shown
}

func (h reports) comment(v *visit) error {
	return v.show("review/comment", h.about(v, view.NewForm(nil, groundsField)))
}

func (h reports) decide(v *visit) error {
	form, err := v.form(groundsField)
	if err != nil {
		return err
	}
	if form.Again {
		return v.show("review/comment", h.about(v, form))
	}
	err = h.api.ModerateComment(v.ctx(), v.part("id"), form.Get("state"), typedText(form.Get(groundsField)))
	if err != nil {
		return v.again("review/comment", form, h.about(v, form), err)
	}
	return v.redirect("/review/reports", "review.done.decided")
}
