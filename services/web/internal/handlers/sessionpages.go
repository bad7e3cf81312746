package handlers

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"stoa/pkg/common/errs"
	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/providers/view"
)

// session is signing in and out.
type session struct{ *Site }

func sessionPages(s *Site) []entry {
	h := session{s}
	return []entry{
		page("/sign-in", everyone, h.signInPage),
		post("/sign-in", everyone, h.signIn),
		post("/sign-out", everyone, h.signOut),
	}
}

// signInView is what the sign-in shows.
type signInView struct {
	Form *view.Form
	// Then is where to go on.
	Then string
	// Ended says that somebody was signed in before, and Kept is what they had typed.
	Ended bool
	Kept  []kept
}

// kept is a field of a form that is on its way through the sign-in.
type kept struct{ Name, Value string }

// The fields of the sign-in, and how the names of those begin that are on their way through it.
const (
	emailField, passwordField, thenField = "email", "password", "then"
	keptPrefix                           = "kept."
)

// secret are fields that are never kept.
var secret = []string{"password", "current", "new"}

func newSignIn(values url.Values, then string) signInView {
	return signInView{Form: view.NewForm(values, emailField, passwordField), Then: local(then)}
}

func (h session) signInPage(v *visit) error {
	return v.show("session/sign-in", newSignIn(nil, v.query(thenField)))
}

// askToSignIn leads to the sign-in, and from there back to the page. What was sent by a form comes back, too. Only here is the cookie of an
// ended session removed: the answer to a slow page might remove that of a sign-in in another tab.
func (v *visit) askToSignIn() error {
	if v.who.Ended {
		v.dropCookie(sessionCookie)
	}
	if v.r.Method != http.MethodPost {
		return v.redirect("/sign-in?then="+url.QueryEscape(v.path()), "")
	}
	values, err := v.sentValues()
	if err != nil {
		return err
	}
	shown := newSignIn(nil, v.path())
	shown.Ended, shown.Kept = true, keep(values)
	return v.answer(http.StatusUnauthorized, "session/sign-in", shown)
}

// keep returns the fields of a form, with names by which they pass the sign-in.
func keep(values url.Values) (all []kept) {
	all = []kept{{keptPrefix, "yes"}} // also for a form without fields
	for name, texts := range values {
		for _, text := range texts {
			if !slices.Contains(secret, name) {
				all = append(all, kept{keptPrefix + name, text})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b kept) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// keptIn returns what is on its way through a sign-in, with the names that it has there.
func keptIn(values url.Values) (all []kept) {
	for name, texts := range values {
		for _, text := range texts {
			if strings.HasPrefix(name, keptPrefix) {
				all = append(all, kept{name, text})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b kept) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func (h session) signIn(v *visit) error {
	form, err := v.form(emailField, passwordField)
	if err != nil {
		return err
	}
	shown := signInView{Form: form, Then: local(form.Get(thenField)), Kept: keptIn(form.Values)}
	grant, err := h.api.SignIn(v.ctx(), form.Get(emailField), form.Get(passwordField))
	if errs.Is(err, errs.Unauthenticated) {
		form.Refuse(passwordField, v.view(nil).T("session.wrong"))
		return v.answer(http.StatusUnauthorized, "session/sign-in", shown)
	}
	if err != nil {
		return v.again("session/sign-in", form, shown, err)
	}
	if err := v.begin(grant); err != nil {
		return v.again("session/sign-in", form, shown, err)
	}
	if len(shown.Kept) > 0 {
		return v.goOn(shown.Then, shown.Kept)
	}
	return v.redirect(shown.Then, "session.done.in")
}

// begin makes the visitor the owner of a grant.
func (v *visit) begin(grant domain.Grant) error {
	reference, err := v.site.sessions.Open(v.ctx(), grant)
	if err != nil {
		return err
	}
	if v.sent != nil {
		_ = v.site.sessions.End(v.ctx(), *v.sent, v.who.Token) // it expires anyway, and the browser forgets it
	}
	v.keepSession(reference)
	v.sent, v.who, v.trouble = &reference, domain.Visitor{Person: grant.Person, Token: grant.AccessToken}, nil
	v.as(grant.AccessToken)
	return nil
}

// goOn shows a form with what was typed before the sign-in, which leads back to its page.
func (v *visit) goOn(then string, typed []kept) error {
	shown := signInView{Then: then}
	for _, field := range typed {
		if name := strings.TrimPrefix(field.Name, keptPrefix); name != "" {
			shown.Kept = append(shown.Kept, kept{name, field.Value})
		}
	}
	return v.show("session/again", shown)
}

func (h session) signOut(v *visit) error {
	if v.sent != nil {
		if err := h.sessions.End(v.ctx(), *v.sent, v.who.Token); err != nil {
			return err
		}
	}
	v.dropCookie(sessionCookie)
	return v.redirect("/", "session.done.out")
}

// longestAddress is how long the address may be to which a sign-in leads, in bytes.
const longestAddress = 2000

// local returns an address of ours, and "/" for any other text: no link to the sign-in leads anybody elsewhere.
func local(then string) string {
	u, err := url.Parse(then)
	elsewhere := err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(then, "/") || strings.HasPrefix(then, "//")
	if elsewhere || strings.Contains(then, `\`) || len(then) > longestAddress || strings.HasPrefix(u.Path, "/sign-") {
		return "/"
	}
	return then
}
