package handlers

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"stoa/pkg/common/errs"
	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
)

// writing is what authors do with their own posts.
type writing struct{ *Site }

func writePages(s *Site) []entry {
	h, author := writing{s}, signedIn(domain.Author)
	return []entry{
		page("/write", author, h.list(api.DraftList)),
		page("/write/submitted", author, h.list(api.SubmittedList)),
		page("/write/published", author, h.list(api.PublishedList)),
		page("/write/new", author, h.beginPage),
		post("/write/new", author, h.begin),
		page("/write/{id}", author, h.draft),
		post("/write/{id}", author, h.save),
		page("/write/{id}/autosave", author, h.back),
		post("/write/{id}/autosave", everyone, h.autosave), // it says itself that the session has ended
		page("/write/{id}/withdraw", author, h.back),
		post("/write/{id}/withdraw", author, unlessAgain(h.back, h.withdraw)),
		page("/write/{id}/delete", author, h.deletePage),
		post("/write/{id}/delete", author, unlessAgain(h.deletePage, h.delete)),
		page("/write/{id}/revisions", author, h.revisions),
		page("/write/{id}/revisions/{revision}", author, h.revision),
		post("/write/{id}/revisions/{revision}", author, unlessAgain(h.revision, h.restore)),
	}
}

// works is what the lists of posts that are worked on show.
type works struct {
	listing[api.Work]
	Which string // which list it is
}

func (h writing) list(which string) func(*visit) error {
	return func(v *visit) error {
		found, err := h.api.OwnPosts(v.ctx(), which, v.query("cursor"))
		if err != nil {
			return err
		}
		return v.show("write/list", works{listing[api.Work]{"", found, v.more(found.Next)}, which})
	}
}

// writingAt is the address of a post on the pages of its author.
func writingAt(id string) string { return "/write/" + url.PathEscape(id) }

func (h writing) back(v *visit) error { return v.redirect(writingAt(v.part("id")), "") }

const headlineField = "title"

func (h writing) beginPage(v *visit) error {
	return v.show("write/new", view.NewForm(nil, headlineField))
}

func (h writing) begin(v *visit) error {
	form, err := v.form(headlineField)
	if err != nil {
		return err
	}
	if form.Again {
		return v.show("write/new", form)
	}
	made, err := h.api.BeginPost(v.ctx(), form.Key(), form.Get(headlineField))
	if err != nil {
		return v.again("write/new", form, form, err)
	}
	return v.redirect(writingAt(made.ID), "")
}

// draftFields are what an author writes; versionField is hidden, and says which version that began with.
var draftFields = []string{headlineField, "description", bodyField, "tags", "imgUrl", "slug"}

const versionField = "version"

// draftOf returns what was typed.
func draftOf(form *view.Form) api.Draft {
	draft := api.Draft{
		Title: form.Get(headlineField), Description: form.Get("description"), Text: typedText(form.Get(bodyField)),
		Slug: form.Get("slug"), ImgURL: strings.TrimSpace(form.Get("imgUrl")), Tags: []string{},
	}
	for tag := range strings.SplitSeq(form.Get("tags"), ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			draft.Tags = append(draft.Tags, tag)
		}
	}
	return draft
}

// draftForm returns the form of a post as it is stored.
func draftForm(w api.Work) *view.Form {
	return view.NewForm(url.Values{
		headlineField: {w.Title}, "description": {w.Description}, bodyField: {w.Text}, "tags": {strings.Join(w.Tags, ", ")},
		"imgUrl": {w.ImgURL}, "slug": {w.Slug}, versionField: {strconv.FormatInt(w.Version, 10)},
	}, draftFields...)
}

// store saves what was typed, unless the post has changed since the page was shown.
func (h writing) store(v *visit, form *view.Form) (api.Work, error) {
	version, err := strconv.ParseInt(form.Get(versionField), 10, 64)
	if err != nil || version < 1 {
		return api.Work{}, errs.New(errs.Malformed, "the form has no version")
	}
	draft := draftOf(form)
	saved, err := h.api.SavePost(v.ctx(), v.part("id"), version, draft)
	if errs.Is(err, errs.Outdated) {
		// Somebody sends a form again if its answer was lost. Then nobody else has changed anything.
		if stored, missing := h.api.OwnPost(v.ctx(), v.part("id")); missing == nil && holds(stored, draft) {
			return stored, nil
		}
	}
	return saved, err
}

// holds reports whether a post is stored as it was typed.
func holds(stored api.Work, typed api.Draft) bool {
	return stored.Title == typed.Title && stored.Description == typed.Description && stored.Text == typed.Text &&
		stored.ImgURL == typed.ImgURL && stored.Slug == typed.Slug && slices.EqualFunc(stored.Tags, typed.Tags, strings.EqualFold)
}

func (h writing) draft(v *visit) error {
	found, err := h.api.OwnPost(v.ctx(), v.part("id"))
	if err != nil {
		return absent(err)
	}
	l := &loading{visit: v}
	shown := draftView{ID: found.ID, Form: draftForm(found), Post: &part[api.Work]{Value: found}, At: found.UpdatedAt}
	shown.Preview = load(l, func(ctx context.Context) (api.Preview, error) {
		return h.api.PreviewPost(ctx, found.ID, found.Text, false)
	})
	l.wait()
	return v.show("write/edit", shown)
}

// save stores a draft, and submits it if that button was pressed. A second click finds it submitted.
func (h writing) save(v *visit) error {
	form, err := v.form(draftFields...)
	if err != nil {
		return err
	}
	if form.Again {
		return h.showTyped(v, form, nil)
	}
	saved, err := h.store(v, form)
	if err != nil {
		return h.showTyped(v, form, err)
	}
	if form.Get("do") != "submit" {
		return v.redirect(writingAt(saved.ID), "write.done.saved")
	}
	form.Values.Set(versionField, strconv.FormatInt(saved.Version, 10))
	if saved.Submitted == nil || saved.Draft {
		if err := h.api.SubmitPost(v.ctx(), saved.ID, saved.Version); err != nil {
			return h.showTyped(v, form, err)
		}
	}
	return v.redirect("/write/submitted", "write.done.submitted")
}

func (h writing) withdraw(v *visit) error {
	if err := h.api.WithdrawPost(v.ctx(), v.part("id")); err != nil {
		return absent(err)
	}
	return v.redirect(writingAt(v.part("id")), "write.done.withdrawn")
}

func (h writing) deletePage(v *visit) error {
	found, err := h.api.OwnPost(v.ctx(), v.part("id"))
	if err != nil {
		return absent(err)
	}
	return v.show("write/delete", found)
}

func (h writing) delete(v *visit) error {
	err := h.api.DeletePost(v.ctx(), v.part("id"))
	if errs.Is(absent(err), errs.NotFound) {
		return v.redirect("/write", "write.done.gone") // the second click
	}
	if err != nil {
		return err
	}
	return v.redirect("/write", "write.done.deleted")
}
