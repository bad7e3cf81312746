package handlers

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"stoa/pkg/common/errs"
	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
)

// apiKeys is what admins do with the keys of other programs.
type apiKeys struct{ *Site }

func apiKeyPages(s *Site) []entry {
	h := apiKeys{s}
	return []entry{
		page("/admin/keys", forAdmins, h.list),
		page("/admin/keys/new", forAdmins, h.newPage),
		post("/admin/keys/new", forAdmins, h.add),
		page("/admin/keys/{id}/revoke", forAdmins, h.revokePage),
		post("/admin/keys/{id}/revoke", forAdmins, h.revoke),
	}
}

// permissions are what a key may permit.
var permissions = []string{"shop:read", "shop:write", "blog:read", "blog:write"}

// The fields of a new key, by the names that auth has for them.
const keyName, permissionsField, expiresField = "name", "permissions", "expiresAt"

// keyForm is a key that is to be made.
type keyForm struct {
	Form        *view.Form
	Permissions []string // all that there are
	Made        bool     // the form has made its key already
}

// Permits reports whether a permission is chosen.
func (k keyForm) Permits(permission string) bool {
	return slices.Contains(k.Form.Values[permissionsField], permission)
}

func (h apiKeys) list(v *visit) error {
	found, err := h.api.APIKeys(v.ctx(), v.query("cursor"))
	if err != nil {
		return err
	}
	return v.show("admin/keys", listing[api.APIKey]{"", found, v.more(found.Next)})
}

func (h apiKeys) newPage(v *visit) error {
	return v.show("admin/key-new", keyForm{Form: view.NewForm(nil, keyName, permissionsField, expiresField), Permissions: permissions})
}

// add makes a key, and shows it: no other answer ever does. So it does not redirect, and sending the form twice makes no second key.
func (h apiKeys) add(v *visit) error {
	form, err := v.form(keyName, permissionsField, expiresField)
	if err != nil {
		return err
	}
	shown := keyForm{Form: form, Permissions: permissions}
	if form.Again {
		return v.show("admin/key-new", shown)
	}
	wish := v.keyWish(form)
	if form.Problem != nil {
		return v.answer(http.StatusUnprocessableEntity, "admin/key-new", shown)
	}
	made, err := h.api.MakeAPIKey(v.ctx(), form.Key(), wish)
	if errs.Is(err, errs.Conflict) {
		shown.Made = true
		return v.answer(http.StatusConflict, "admin/key-new", shown)
	}
	if err != nil {
		return v.again("admin/key-new", form, shown, err)
	}
	return v.answer(http.StatusCreated, "admin/key", made)
}

// keyWish returns the key that was typed, and notes in the form what cannot be read.
func (v *visit) keyWish(form *view.Form) api.NewAPIKey {
	wish := api.NewAPIKey{Name: strings.TrimSpace(form.Get(keyName)), Permissions: form.Values[permissionsField], ExpiresAt: v.endOf(form, expiresField)}
	if len(wish.Permissions) == 0 {
		form.Refuse(permissionsField, v.view(nil).T("admin.no-permission"))
	}
	return wish
}

// endOf returns the end of a day that was typed, in UTC, and notes in the form if it is not one. Nothing typed is nil.
func (v *visit) endOf(form *view.Form, name string) *time.Time {
	typed := strings.TrimSpace(form.Get(name))
	if typed == "" {
		return nil
	}
	day, err := time.Parse(time.DateOnly, typed)
	if err != nil {
		form.Refuse(name, v.view(nil).T("admin.not-a-day"))
		return nil
	}
	end := day.AddDate(0, 0, 1).Add(-time.Second)
	return &end
}

// keyView is a key that is to be revoked.
type keyView struct {
	Key  api.APIKey
	Form *view.Form
}

func (h apiKeys) revokePage(v *visit) error {
	found, err := h.api.APIKey(v.ctx(), v.part("id"))
	if err != nil {
		return absent(err)
	}
	return v.show("admin/key-revoke", keyView{found, view.NewForm(nil)})
}

func (h apiKeys) revoke(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	if form.Again {
		return h.revokePage(v)
	}
	if err := h.api.RevokeAPIKey(v.ctx(), v.part("id")); err != nil {
		return absent(err)
	}
	return v.redirect("/admin/keys", "admin.done.revoked")
}
