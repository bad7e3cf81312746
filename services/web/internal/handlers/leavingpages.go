package handlers

import (
	"context"
	"io"
	"net/http"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
)

// leaving is for those who want to see all that is known of them, or to be forgotten.
type leaving struct{ *Site }

func leavingPages(s *Site) []entry {
	h := leaving{s}
	return []entry{
		page("/account/data", signedIn(), h.archivePage),
		post("/account/data", signedIn(), h.archive),
		page("/account/delete", signedIn(), h.deletePage),
		post("/account/delete", signedIn(), h.deleteAccount),
	}
}

// archiveView is the archive of what is stored about somebody.
type archiveView struct {
	Form    *view.Form
	Archive api.Archive
}

func (h leaving) archivePage(v *visit) error {
	archive, err := h.api.MyArchive(v.ctx())
	if err != nil {
		return err
	}
	return v.show("account/data", archiveView{view.NewForm(nil), archive})
}

func (h leaving) archive(v *visit) error {
	form, err := v.form(passwordField)
	if err != nil {
		return err
	}
	archive, err := h.api.MyArchive(v.ctx())
	if err != nil {
		return err
	}
	shown := archiveView{form, archive}
	switch {
	case form.Again:
		return v.show("account/data", shown)
	case form.Get("fetch") != "":
		return h.fetch(v, shown)
	}
	if err := h.api.RequestArchive(v.ctx(), form.Get(passwordField)); err != nil {
		return v.again("account/data", form, shown, err)
	}
	return v.redirect("/account/data", "account.done.archive")
}

// fetch answers with the archive as a file, which nothing keeps. It takes as long as the reader needs.
func (h leaving) fetch(v *visit, shown archiveView) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.ctx()), web.DownloadTime) // a write to a reader who has gone away fails
	defer cancel()
	archive, err := h.api.FetchArchive(ctx)
	if err != nil {
		return v.again("account/data", shown.Form, shown, err)
	}
	defer archive.Close()
	for name, value := range map[string]string{
		"Content-Type": "application/json", "Content-Disposition": `attachment; filename="stoa.json"`,
		"Cache-Control": keptByNobody, "X-Content-Type-Options": "nosniff",
	} {
		v.w.Header().Set(name, value)
	}
	if _, err := io.Copy(web.Pieces(v.w), archive); err != nil {
		panic(http.ErrAbortHandler) // so that nobody takes half a file for a whole one
	}
	return nil
}

// deleteView is the page that deletes an account. OrdersOpen says that orders are in the way.
type deleteView struct {
	Form       *view.Form
	OrdersOpen bool
}

// What those decide who leave: the fields of the form, and what becomes of posts unless they say otherwise.
const (
	writingField, cancelField = "writing", "cancelOrders"
	keepWriting               = "keep"
)

func (h leaving) deletePage(v *visit) error {
	form := view.NewForm(nil)
	form.Values.Set(writingField, keepWriting)
	return v.show("account/delete", deleteView{Form: form})
}

func (h leaving) deleteAccount(v *visit) error {
	form, err := v.form(passwordField, cancelField)
	if err != nil {
		return err
	}
	shown := deleteView{Form: form, OrdersOpen: form.Get(cancelField) != ""}
	if form.Get(writingField) == "" {
		form.Values.Set(writingField, keepWriting)
	}
	if form.Again {
		return v.show("account/delete", shown)
	}
	err = h.api.DeleteAccount(v.ctx(), api.Leaving{
		Password: form.Get(passwordField), Posts: form.Get(writingField), CancelOrders: form.Get(cancelField) != "",
	})
	if concerns(err, cancelField) {
		shown.OrdersOpen = true
		form.Refuse(cancelField, v.view(nil).T("account.orders-open"))
		return v.answer(errs.KindOf(err).HTTPStatus(), "account/delete", shown)
	}
	if err != nil {
		return v.again("account/delete", form, shown, err)
	}
	return h.forget(v)
}

// forget ends the session of somebody who has no account any more.
func (h leaving) forget(v *visit) error {
	if v.sent != nil {
		_ = h.sessions.End(v.ctx(), *v.sent, "") // auth has ended its own; this one expires
	}
	v.dropCookie(sessionCookie)
	return v.redirect("/", "account.done.deleted")
}
