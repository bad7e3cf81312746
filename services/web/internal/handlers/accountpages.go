package handlers

import (
	"strings"

	"stoa/pkg/common/errs"
	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
)

// account is what people see and decide of their own accounts.
type account struct{ *Site }

func accountPages(s *Site) []entry {
	h := account{s}
	return []entry{
		page("/account", signedIn(), h.profile),
		post("/account", signedIn(), h.change),
		page("/account/password", signedIn(), h.passwordPage),
		post("/account/password", signedIn(), h.password),
		page("/account/sessions", signedIn(), h.sessionsPage),
		post("/account/sessions", signedIn(), h.endSession),
	}
}

// The fields of forms about an account, as the operations name them.
const (
	profileName, profilePicture  = "name", "profilePicUrl"
	currentPassword, newPassword = "current", "new"
)

// profileView is an account. Picture is that which pages show: browsers load none without TLS.
type profileView struct {
	Form    *view.Form
	Profile api.Profile
	Picture string
}

// profileOf returns what the page of a form shows.
func profileOf(form *view.Form, profile api.Profile) profileView {
	shown := profileView{Form: form, Profile: profile}
	if strings.HasPrefix(profile.ProfilePicURL, "https://") {
		shown.Picture = profile.ProfilePicURL
	}
	return shown
}

func (h account) profile(v *visit) error {
	profile, err := h.api.MyProfile(v.ctx())
	if err != nil {
		return err
	}
	form := view.NewForm(nil, profileName, profilePicture)
	form.Values.Set(profileName, profile.Name)
	form.Values.Set(profilePicture, profile.ProfilePicURL)
	return v.show("account/profile", profileOf(form, profile))
}

func (h account) change(v *visit) error {
	form, err := v.form(profileName, profilePicture)
	if err != nil {
		return err
	}
	before, err := h.api.MyProfile(v.ctx())
	if err != nil {
		return err
	}
	if form.Again {
		return v.show("account/profile", profileOf(form, before))
	}
	after, err := h.api.ChangeProfile(v.ctx(), form.Get(profileName), strings.TrimSpace(form.Get(profilePicture)))
	if err != nil {
		return v.again("account/profile", form, profileOf(form, before), err)
	}
	if v.sent != nil { // if it fails, pages show the former name until the next refresh
		_ = h.sessions.Remember(v.ctx(), *v.sent, func(p *domain.Person) { p.Name = after.Name })
	}
	return v.redirect("/account", "account.done.profile")
}

// passwordView is the page that changes the password.
type passwordView struct{ Form *view.Form }

func (h account) passwordPage(v *visit) error {
	return v.show("account/password", passwordView{view.NewForm(nil)})
}

func (h account) password(v *visit) error {
	form, err := v.form(currentPassword, newPassword)
	if err != nil {
		return err
	}
	if form.Again { // passwords do not come through a sign-in
		return v.show("account/password", passwordView{form})
	}
	err = h.api.ChangePassword(v.ctx(), form.Get(currentPassword), form.Get(newPassword))
	if err != nil {
		return v.again("account/password", form, passwordView{form}, err)
	}
	return v.redirect("/account", "account.done.password")
}

// signedInAt is where somebody is signed in. Program and System are "" if they are not known.
type signedInAt struct {
	api.SignedIn
	Program, System string
}

func (h account) sessionsPage(v *visit) error {
	found, err := h.api.MySessions(v.ctx(), v.query("cursor"))
	if err != nil {
		return err
	}
	shown := listing[signedInAt]{More: v.more(found.Next)}
	for _, s := range found.Items {
		program, system := device(s.UserAgent)
		shown.List.Items = append(shown.List.Items, signedInAt{s, program, system})
	}
	return v.show("account/sessions", shown)
}

// endSession ends one session, or all others. One that has ended already is what was wanted.
func (h account) endSession(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	if form.Again {
		return v.redirect("/account/sessions", "")
	}
	if form.Get("others") != "" {
		if err := h.api.EndOtherSessions(v.ctx()); err != nil {
			return err
		}
		return v.redirect("/account/sessions", "account.done.others")
	}
	if err := h.api.EndSession(v.ctx(), form.Get("id")); err != nil && !errs.Is(absent(err), errs.NotFound) {
		return err
	}
	return v.redirect("/account/sessions", "account.done.session")
}
