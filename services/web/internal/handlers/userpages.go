package handlers

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"stoa/pkg/common/errs"
	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
)

// userAdmin is what admins do with accounts.
type userAdmin struct{ *Site }

func userPages(s *Site) []entry {
	h := userAdmin{s}
	return []entry{
		page("/admin", forAdmins, h.list),
		page("/admin/users", forAdmins, h.list),
		page("/admin/users/{id}", forAdmins, h.one),
		post("/admin/users/{id}", forAdmins, h.setRoles),
		page("/admin/users/{id}/delete", forAdmins, h.deletePage),
		post("/admin/users/{id}/delete", forAdmins, h.remove),
	}
}

// userList is a page of accounts, or the one with an address.
type userList struct {
	Form *view.Form
	Q    string
	List api.List[api.User]
	More string
}

func (h userAdmin) list(v *visit) error {
	q := strings.TrimSpace(v.query("q"))
	shown := userList{Form: view.NewForm(url.Values{"q": {q}}, "q"), Q: q}
	found, err := h.api.Users(v.ctx(), q, v.query("cursor"))
	if errs.Is(err, errs.Invalid) && q != "" {
		shown.Form.Refuse("q", v.view(nil).T("admin.no-address"))
		return v.answer(http.StatusUnprocessableEntity, "admin/users", shown)
	}
	if err != nil {
		return err
	}
	shown.List, shown.More = found, v.more(found.Next)
	return v.show("admin/users", shown)
}

// The fields of the forms about an account.
const (
	rolesField                     = "roles"
	publishedField, ordersField    = "published", "cancel"
	keepPublished, deletePublished = "keep", "delete"
)

// givenRoles are those that an admin gives. Everybody is a LEARNER.
var givenRoles = []string{domain.Author, domain.Editor, domain.Staff, domain.Admin}

// userView is an account, and what is typed about it.
type userView struct {
	User  api.User
	Roles []string // all that there are
	Form  *view.Form
}

// Gets reports whether the account has a role from then on.
func (u userView) Gets(role string) bool { return slices.Contains(u.Form.Values[rolesField], role) }

// Own reports whether the account is that of the person.
func (u userView) Own(p domain.Person) bool { return u.User.ID == p.ID }

// find returns the account of the page. auth finds accounts by address, so the page has that too.
func (h userAdmin) find(v *visit) (api.User, error) {
	found, err := h.api.Users(v.ctx(), v.query("email"), "")
	if err != nil {
		return api.User{}, absent(err)
	}
	at := slices.IndexFunc(found.Items, func(u api.User) bool { return u.ID == v.part("id") })
	if at < 0 {
		return api.User{}, errs.New(errs.NotFound, "there is no such account")
	}
	return found.Items[at], nil
}

func (h userAdmin) one(v *visit) error {
	found, err := h.find(v)
	if err != nil {
		return err
	}
	return v.show("admin/user", userView{found, givenRoles, view.NewForm(url.Values{rolesField: found.Roles}, rolesField)})
}

func (h userAdmin) setRoles(v *visit) error {
	form, err := v.form(rolesField)
	if err != nil {
		return err
	}
	found, err := h.find(v)
	if err != nil {
		return err
	}
	shown := userView{found, givenRoles, form}
	if form.Again {
		return v.show("admin/user", shown)
	}
	wanted := append([]string{}, form.Values[rolesField]...) // an empty list, not null
	if err := h.api.SetRoles(v.ctx(), found.ID, wanted); err != nil {
		return v.again("admin/user", form, shown, err)
	}
	return v.redirect(v.path(), "admin.done.roles")
}

func (h userAdmin) deletePage(v *visit) error {
	found, err := h.find(v)
	if err != nil {
		return err
	}
	return v.show("admin/user-delete", userView{found, nil, view.NewForm(url.Values{publishedField: {keepPublished}})})
}

func (h userAdmin) remove(v *visit) error {
	form, err := v.form(publishedField, ordersField)
	if err != nil {
		return err
	}
	found, err := h.find(v)
	if err != nil {
		return err
	}
	shown := userView{found, nil, form}
	if form.Again {
		return v.show("admin/user-delete", shown)
	}
	published := keepPublished
	if form.Get(publishedField) == deletePublished {
		published = deletePublished
	}
	if err := h.api.DeleteUser(v.ctx(), found.ID, published, form.Get(ordersField) != ""); err != nil {
		return v.again("admin/user-delete", form, shown, err)
	}
	return v.redirect("/admin/users", "admin.done.deleted")
}
