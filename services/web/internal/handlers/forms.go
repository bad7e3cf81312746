package handlers

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
	"stoa/services/web/internal/providers/view"
)

// againField is the hidden field of a form that comes back after another sign-in.
const againField = "again"

// form returns what a person has sent, for the fields that its page shows.
func (v *visit) form(fields ...string) (*view.Form, error) {
	values, err := v.sentValues()
	if err != nil {
		return nil, err
	}
	form := view.NewForm(values, fields...)
	form.Again = values.Has(againField)
	values.Del(againField)
	return form, nil
}

// unlessAgain returns what a form without fields does. After another sign-in, which may be somebody else's, it shows the page instead.
func unlessAgain(page, do func(*visit) error) func(*visit) error {
	return func(v *visit) error {
		form, err := v.form()
		switch {
		case err != nil:
			return err
		case form.Again:
			return page(v)
		}
		return do(v)
	}
}

// sentValues reads the body. Nothing of the query is in it: a link must not fill in a form.
func (v *visit) sentValues() (url.Values, error) {
	if err := v.r.ParseForm(); err != nil {
		return nil, unreadable(err)
	}
	if media, _, _ := mime.ParseMediaType(v.r.Header.Get("Content-Type")); media == "multipart/form-data" {
		if err := v.r.ParseMultipartForm(web.MaxBody); err != nil {
			return nil, unreadable(err)
		}
	}
	for name, values := range v.r.PostForm {
		if strange(name) || slices.ContainsFunc(values, strange) {
			return nil, errs.New(errs.Malformed, "the form has characters that are not allowed")
		}
	}
	return v.r.PostForm, nil
}

// strange reports a text that no service takes.
func strange(text string) bool { return !utf8.ValidString(text) || strings.ContainsRune(text, 0) }

func unreadable(err error) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return web.TooLarge()
	}
	return errs.Wrap(errs.Malformed, err, "the form cannot be read")
}

// again shows the page of a form once more, with what was typed and why it was not carried out. Errors that the page cannot explain are
// returned.
func (v *visit) again(name string, form *view.Form, data any, err error) error {
	if !form.Take(err) {
		return err
	}
	web.NoteError(v.ctx(), err)
	return v.answer(errs.KindOf(err).HTTPStatus(), name, data)
}
