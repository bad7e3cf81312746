package handlers

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
)

// draftView is what the writing page shows.
type draftView struct {
	ID      string
	Form    *view.Form
	Post    *part[api.Work] // as it is stored
	Preview *part[api.Preview]
	At      time.Time // when the form was saved; zero if it is not
	// Clash says what somebody has changed meanwhile, nil for nothing.
	Clash *clash
}

// clash is what differs between what was typed and what somebody has saved meanwhile.
type clash struct {
	Fields []clashField
	Text   *api.Difference
}

// clashField is a field that differs. Name is as in the form.
type clashField struct{ Name, Stored, Typed string }

// showTyped shows the writing page with what was typed and why it is not stored. If somebody else has saved the post meanwhile, it
// shows the difference; saving once more replaces what they have written.
func (h writing) showTyped(v *visit, form *view.Form, problem error) error {
	foldTags(problem)
	if problem != nil && !form.Take(problem) {
		return problem
	}
	outdated := errs.Is(problem, errs.Outdated)
	shown := h.typed(v, form, outdated)
	if err := shown.Post.Err; errs.Is(err, errs.NotFound) {
		return err
	}
	if outdated && shown.Post.Err == nil {
		shown.Clash = clashOf(form, shown.Post.Value, shown.Preview.Value.Changes)
		form.Values.Set(versionField, strconv.FormatInt(shown.Post.Value.Version, 10))
	}
	if problem == nil {
		return v.show("write/edit", shown)
	}
	web.NoteError(v.ctx(), problem)
	return v.answer(errs.KindOf(problem).HTTPStatus(), "write/edit", shown)
}

// typed returns what the page shows of a form: the post as it is stored, and the preview of what was typed, with compare what differs.
func (h writing) typed(v *visit, form *view.Form, compare bool) draftView {
	l, id := &loading{visit: v}, v.part("id")
	shown := draftView{ID: id, Form: form}
	shown.Post = load(l, func(ctx context.Context) (api.Work, error) { return h.api.OwnPost(ctx, id) })
	shown.Preview = load(l, func(ctx context.Context) (api.Preview, error) {
		return h.api.PreviewPost(ctx, id, typedText(form.Get(bodyField)), compare)
	})
	l.wait()
	return shown
}

// foldTags makes what is wrong with one of the tags stand beside their field.
func foldTags(problem error) {
	e := errs.From(problem)
	if e == nil {
		return
	}
	for i, field := range e.Fields {
		if strings.HasPrefix(field.Name, "tags[") {
			e.Fields[i].Name = "tags"
		}
	}
}

// clashOf compares what was typed with what is stored.
func clashOf(form *view.Form, stored api.Work, text *api.Difference) *clash {
	found, old := &clash{Text: text}, draftForm(stored)
	for _, name := range draftFields {
		if name != bodyField && old.Get(name) != form.Get(name) {
			found.Fields = append(found.Fields, clashField{name, old.Get(name), form.Get(name)})
		}
	}
	if text != nil && text.Added+text.Removed == 0 && !slices.ContainsFunc(text.Rows, func(r api.DiffRow) bool { return !r.Same() }) {
		found.Text = nil
	}
	return found
}

// autosave stores what is typed so far, and answers with the parts of the page that change: the state of the draft, and the preview.
// It never takes the place of the page, on which there is more than is stored.
func (h writing) autosave(v *visit) error {
	form, err := v.form(draftFields...)
	if err != nil {
		form = view.NewForm(nil, draftFields...)
	} else {
		err = v.admit(signedIn(domain.Author))
	}
	shown := draftView{ID: v.part("id"), Form: form}
	if err == nil {
		l, id, text := &loading{visit: v}, shown.ID, typedText(form.Get(bodyField))
		shown.Preview = load(l, func(ctx context.Context) (api.Preview, error) { return h.api.PreviewPost(ctx, id, text, false) })
		var saved api.Work
		if saved, err = h.store(v, form); err == nil {
			shown.At = saved.UpdatedAt
			form.Values.Set(versionField, strconv.FormatInt(saved.Version, 10))
		}
		l.wait()
	}
	return h.showState(v, shown, err)
}

// showState answers with the state of a draft. That nothing was saved is an answer like others, and no error of the page; errors of the
// gateway are pages, which must not become a part of this one.
func (h writing) showState(v *visit, shown draftView, problem error) error {
	status := http.StatusOK
	if problem != nil {
		foldTags(problem)
		web.NoteError(v.ctx(), problem)
		if errs.Is(problem, errs.Unauthenticated) || errs.Is(problem, errs.Forbidden) {
			status = errs.KindOf(problem).HTTPStatus()
		}
		if !shown.Form.Take(problem) {
			shown.Form.Problem = &view.Problem{Kind: errs.KindOf(problem)}
		}
	}
	html, err := v.site.views.RenderPart("write/edit", "draft-saved", v.view(shown))
	if err != nil {
		return err
	}
	v.headers(status)
	for _, name := range []string{"Hx-Retarget", "Hx-Reselect", "Hx-Reswap"} {
		v.w.Header().Del(name)
	}
	v.w.WriteHeader(status)
	_, _ = v.w.Write(html) // the reader may have gone away
	return nil
}

// revisionView is what the page of a revision shows.
type revisionView struct {
	ID       string
	Revision api.Revision
}

// revisionsView is what the list of revisions shows.
type revisionsView struct {
	listing[api.Revision]
	ID string
}

func (h writing) revisions(v *visit) error {
	id := v.part("id")
	found, err := h.api.Revisions(v.ctx(), id, v.query("cursor"))
	if err != nil {
		return absent(err)
	}
	return v.show("write/revisions", revisionsView{listing[api.Revision]{"", found, v.more(found.Next)}, id})
}

func (h writing) revision(v *visit) error {
	found, err := h.api.Revision(v.ctx(), v.part("id"), v.part("revision"))
	if err != nil {
		return absent(err)
	}
	return v.show("write/revision", revisionView{v.part("id"), found})
}

func (h writing) restore(v *visit) error {
	if err := h.api.RestoreRevision(v.ctx(), v.part("id"), v.part("revision")); err != nil {
		return absent(err)
	}
	return v.redirect(writingAt(v.part("id")), "write.done.restored")
}
