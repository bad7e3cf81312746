package handlers

import (
	"net/http"
	"net/url"
	"slices"

	"stoa/pkg/common/errs"
	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/providers/view"
)

// signUp is how people get an account, and get into it again.
type signUp struct{ *Site }

func signUpPages(s *Site) []entry {
	h := signUp{s}
	return []entry{
		page("/sign-up", everyone, h.signUpPage),
		post("/sign-up", everyone, h.signUp),
		page("/account/verify", signedIn(), h.verifyPage),
		post("/account/verify", signedIn(), h.verify),
		page("/forgotten", everyone, h.forgottenPage),
		post("/forgotten", everyone, h.forgotten),
	}
}

// signUpView is what the sign-up and the verification show.
type signUpView struct {
	Form *view.Form
	// Then is where to go on, and Kept what somebody had typed there whose session has ended.
	Then string
	Kept []kept
}

// beginField is the button by which somebody comes from the sign-in, with what is kept there.
const beginField = "begin"

// mailedCode is the field with what was mailed.
const mailedCode = "code"

func (h signUp) signUpPage(v *visit) error {
	if v.who.SignedIn() {
		return v.redirect("/account", "")
	}
	return v.show("session/sign-up", signUpView{Form: view.NewForm(nil), Then: local(v.query(thenField))})
}

func (h signUp) signUp(v *visit) error {
	form, err := v.form(profileName, emailField, passwordField)
	if err != nil {
		return err
	}
	shown := signUpView{form, local(form.Get(thenField)), keptIn(form.Values)}
	if form.Get(beginField) != "" {
		return v.show("session/sign-up", shown)
	}
	grant, err := h.register(v, form)
	switch {
	case errs.Is(err, errs.Conflict):
		form.Refuse(emailField, v.view(nil).T("session.taken"))
		return v.answer(http.StatusConflict, "session/sign-up", shown)
	case err != nil:
		return v.again("session/sign-up", form, shown, err)
	case len(shown.Kept) > 0:
		return v.goOn(shown.Then, shown.Kept)
	case grant.Person.Verified:
		return v.redirect(shown.Then, "session.done.up")
	}
	return v.redirect(verifyThen(shown.Then), "session.done.up")
}

// register creates the account, and signs in to it. Somebody who sends the form twice, or has an account with this password already, is signed in to that.
func (h signUp) register(v *visit, form *view.Form) (domain.Grant, error) {
	email, password := form.Get(emailField), form.Get(passwordField)
	grant, err := h.api.SignUp(v.ctx(), email, password, form.Get(profileName))
	if errs.Is(err, errs.Conflict) {
		if known, wrong := h.api.SignIn(v.ctx(), email, password); wrong == nil {
			grant, err = known, nil
		}
	}
	if err == nil {
		err = v.begin(grant)
	}
	return grant, err
}

// verifyThen is the address of the verification, which leads on from there.
func verifyThen(then string) string {
	if then == "/" {
		return "/account/verify"
	}
	return "/account/verify?" + url.Values{thenField: {then}}.Encode()
}

func (h signUp) verifyPage(v *visit) error {
	return v.show("account/verify", signUpView{Form: view.NewForm(nil), Then: local(v.query(thenField))})
}

func (h signUp) verify(v *visit) error {
	form, err := v.form(mailedCode)
	if err != nil {
		return err
	}
	shown := signUpView{Form: form, Then: local(form.Get(thenField))}
	if form.Again {
		return v.show("account/verify", shown)
	}
	if form.Get("another") != "" {
		return h.mailCode(v, shown)
	}
	err = h.api.VerifyAddress(v.ctx(), form.Get(mailedCode))
	if errs.Is(err, errs.Invalid) {
		form.Refuse(mailedCode, v.view(nil).T("session.wrong-code"))
		return v.answer(http.StatusUnprocessableEntity, "account/verify", shown)
	}
	if err != nil {
		return v.again("account/verify", form, shown, err)
	}
	return v.redirect(shown.Then, "session.done.verified")
}

// mailCode has another code mailed. There is nothing to do if the address was verified meanwhile.
func (h signUp) mailCode(v *visit, shown signUpView) error {
	err := h.api.MailCode(v.ctx())
	switch {
	case errs.Is(err, errs.Conflict):
		return v.redirect(shown.Then, "session.done.verified")
	case errs.Is(err, errs.RateLimited):
		shown.Form.Refuse(mailedCode, v.view(nil).T("session.enough-codes"))
		return v.answer(http.StatusTooManyRequests, "account/verify", shown)
	case err != nil:
		return v.again("account/verify", shown.Form, shown, err)
	}
	return v.redirect(verifyThen(shown.Then), "session.done.code")
}

// forgottenView is what somebody sees who has forgotten the password: first the question for the address, then what to do next, and
// after the link of the mail the question for the new password.
type forgottenView struct {
	Form *view.Form
	// Link is what the mailed link ends with. Stale says that it is not valid any more.
	Link  string
	Stale bool
	// Asked says that a mail is on its way, if there is an account.
	Asked bool
}

func (h signUp) forgottenPage(v *visit) error {
	return v.show("session/forgotten", forgottenView{Form: view.NewForm(nil), Link: v.query(mailedCode), Asked: v.query("asked") != ""})
}

func (h signUp) forgotten(v *visit) error {
	form, err := v.form(emailField, newPassword)
	if err != nil {
		return err
	}
	if link := form.Get(mailedCode); link != "" {
		return h.setPassword(v, form, link)
	}
	shown := forgottenView{Form: form}
	err = h.api.MailPasswordLink(v.ctx(), form.Get(emailField))
	if errs.Is(err, errs.RateLimited) {
		form.Refuse(emailField, v.view(nil).T("session.enough-links"))
		return v.answer(http.StatusTooManyRequests, "session/forgotten", shown)
	}
	if err != nil {
		return v.again("session/forgotten", form, shown, err)
	}
	return v.redirect("/forgotten?asked=yes", "")
}

// setPassword sets the password by a link. It ends all sessions, so the owner signs in next.
func (h signUp) setPassword(v *visit, form *view.Form, link string) error {
	shown := forgottenView{Form: form, Link: link}
	err := h.api.SetForgottenPassword(v.ctx(), link, form.Get(newPassword))
	if concerns(err, "link") {
		shown.Link, shown.Stale = "", true
		return v.answer(http.StatusUnprocessableEntity, "session/forgotten", shown)
	}
	if err != nil {
		return v.again("session/forgotten", form, shown, err)
	}
	return v.redirect("/sign-in", "session.done.set")
}

// concerns reports whether an error names this field.
func concerns(err error, field string) bool {
	e := errs.From(err)
	return e != nil && slices.ContainsFunc(e.Fields, func(f errs.Field) bool { return f.Name == field })
}
