package handlers

import (
	"net/url"
	"strings"

	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
)

// notices is what people were told, and what is mailed to them.
type notices struct{ *Site }

func noticePages(s *Site) []entry {
	h := notices{s}
	return []entry{
		page("/account/notices", signedIn(), h.list),
		page("/account/mail", signedIn(), h.mailPage),
		post("/account/mail", signedIn(), h.mail),
	}
}

// toldOf is a notice, and the page where to go on, "" for none.
type toldOf struct {
	api.Notice
	To string
}

func (h notices) list(v *visit) error {
	found, err := h.api.MyNotices(v.ctx(), v.query("cursor"))
	if err != nil {
		return err
	}
	shown := listing[toldOf]{More: v.more(found.Next)}
	for _, n := range found.Items {
		shown.List.Items = append(shown.List.Items, toldOf{n, pageOf(n)})
	}
	return v.show("account/notices", shown)
}

// pageOf returns the page of what a notice is about. Its link begins with the public address, which may not be the one in use.
func pageOf(n api.Notice) string {
	switch link, err := url.Parse(n.Link); {
	case n.OrderID != "":
		return "/orders/" + url.PathEscape(n.OrderID)
	case n.Link != "" && err == nil:
		return local((&url.URL{Path: link.Path, RawPath: link.RawPath, RawQuery: link.RawQuery, Fragment: link.Fragment}).String())
	case strings.HasPrefix(n.Kind, "account-"):
		return "/account"
	}
	return ""
}

// mailChoice is a question of the page about mails: its field, and the keys of its texts.
type mailChoice struct{ Field, Label, About string }

// mailChoices are the questions that somebody sees: what becomes of posts concerns only those who write or edit.
func mailChoices(p domain.Person) []mailChoice {
	choices := []mailChoice{
		{"following", "account.mail-following", "account.mail-following-about"},
		{"comments", "account.mail-comments", "account.mail-comments-about"},
	}
	if p.Has(domain.Author, domain.Editor) {
		choices = append(choices, mailChoice{"reviews", "account.mail-reviews", "account.mail-reviews-about"})
	}
	return choices
}

// mailView is the page about mails.
type mailView struct {
	Form    *view.Form
	Choices []mailChoice
}

func (h notices) mailPage(v *visit) error {
	settings, err := h.api.MailSettings(v.ctx())
	if err != nil {
		return err
	}
	form := view.NewForm(nil)
	for name, wanted := range settings {
		form.Values.Set(name, wanted)
	}
	return v.show("account/mail", mailView{form, mailChoices(v.who.Person)})
}

func (h notices) mail(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	shown, wanted := mailView{form, mailChoices(v.who.Person)}, map[string]string{}
	if form.Again {
		return v.show("account/mail", shown)
	}
	for _, choice := range shown.Choices {
		if f := form.Get(choice.Field); f != "" {
			wanted[choice.Field] = f
		}
	}
	if err := h.api.ChangeMailSettings(v.ctx(), wanted); err != nil {
		return v.again("account/mail", form, shown, err)
	}
	return v.redirect("/account/mail", "account.done.mail")
}
