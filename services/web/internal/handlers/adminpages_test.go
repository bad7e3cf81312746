package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
)

const oneUser = "/api/v1/auth/users/" + accountID

// registry is what admins work with.
func registry() map[string]any {
	bo := object{"id": accountID, "email": "bo+1@example.com", "name": "Bo", "roles": []string{"LEARNER", "AUTHOR"}, "createdAt": "2026-03-04T05:06:07Z"}
	adam := object{"id": "e", "email": "adam@example.com", "name": "Adam", "verified": true, "roles": []string{"LEARNER", "ADMIN"}, "createdAt": "2026-03-04T05:06:07Z"}
	key := object{"id": letterID, "name": "prices <b>", "prefix": "stoa_ab12", "permissions": []string{"shop:read"}, "createdAt": "2026-03-04T05:06:07Z"}
	old := object{"id": orderID, "name": "old", "prefix": "stoa_cd34", "permissions": []string{"shop:read", "blog:read"}, "expiresAt": "2026-03-05T05:06:07Z", "lastUsedAt": "2026-03-04T05:06:07Z"}
	counts := object{"items": []any{object{"operation": "sign-in", "status": 401, "of": "203.0.113.0/24", "count": 12, "last": "2026-03-04T05:06:07Z"}}, "others": 3}
	return map[string]any{
		"GET /api/v1/auth/users":                  object{"items": []any{bo, adam}, "next": "u2"},
		"PUT " + oneUser + "/roles":               bo,
		"DELETE " + oneUser:                       object{"cancelledOrders": []string{}},
		"GET /api/v1/auth/apikeys":                object{"items": []any{key, old}},
		"GET /api/v1/auth/apikeys/" + letterID:    key,
		"DELETE /api/v1/auth/apikeys/" + letterID: object{},
		"POST /api/v1/auth/apikeys":               object{"id": letterID, "name": "prices", "key": "stoa_ab12_secret"},
		"GET /api/v1/auth/audit": object{"items": []any{object{
			"act": "set-roles", "accountId": "e", "subject": accountID, "detail": "AUTHOR", "address": "203.0.113.7", "userAgent": "curl/8 <x>", "count": 2, "last": "2026-03-04T05:06:07Z",
		}}, "next": "a2"},
		"GET /api/v1/auth/audit/refusals": object{"day": "2026-03-04", "networks": counts, "accounts": object{"items": []any{}}},
	}
}

func TestAdmin_givesRoles(t *testing.T) {
	w := newWorld(t, registry())
	b := w.browser().signIn(t, "adam")
	one := "/admin/users/" + accountID + "?email=bo%2b1%40example.com"
	b.get(t, "/admin").shows(http.StatusOK, "bo&#43;1@example.com", "AUTHOR", "Not verified", `href="`+one+`"`, "cursor=u2")
	b.get(t, one).shows(http.StatusOK, `value="AUTHOR" checked`, `value="STAFF">`, "/staff/customers?account="+accountID, "Delete this account")
	if r, _ := w.last(t, "/api/v1/auth/users"); r.URL.Query().Get("email") != "bo+1@example.com" {
		t.Errorf("got %s", r.URL)
	}
	b.post(t, one, "roles", "STAFF", "roles", "AUTHOR").leadsTo(one)
	if _, body := w.last(t, oneUser+"/roles"); body != `{"roles":["STAFF","AUTHOR"]}` {
		t.Errorf("got %s", body)
	}
	b.post(t, one).leadsTo(one) // none at all
	if _, body := w.last(t, oneUser+"/roles"); body != `{"roles":[]}` {
		t.Errorf("got %s", body)
	}
	w.answers["PUT "+oneUser+"/roles"] = errs.New(errs.Conflict, "the address is not verified")
	b.post(t, one, "roles", "STAFF").shows(http.StatusConflict, "the address is not verified", `value="STAFF" checked`)
	b.post(t, one, "roles", "STAFF", "again", "yes").shows(http.StatusOK, `value="STAFF" checked`)
	b.get(t, "/admin/users/e?email=adam%40example.com").shows(http.StatusOK).hides("Delete this account")
	b.get(t, "/admin/users/f?email=bo%40example.com").shows(http.StatusNotFound)
	w.answers["GET /api/v1/auth/users"] = errs.Invalid
	b.get(t, "/admin/users?q=bo").shows(http.StatusUnprocessableEntity, "Type a whole e-mail address.", `value="bo"`)
	w.answers["GET /api/v1/auth/users"] = object{"items": []any{}}
	b.get(t, "/admin/users?q=bo%40example.com").shows(http.StatusOK, "Nobody has this address.")
}

func TestAdmin_deletesAnAccount(t *testing.T) {
	w := newWorld(t, registry())
	b := w.browser().signIn(t, "adam")
	path := "/admin/users/" + accountID + "/delete?email=bo%2B1%40example.com"
	b.get(t, path).shows(http.StatusOK, "Delete this account for good?", `value="keep" checked`)
	w.answers["DELETE "+oneUser] = errs.New(errs.Conflict, "orders are not shipped")
	b.post(t, path, "published", "delete").shows(http.StatusConflict, "orders are not shipped", `value="delete" checked`)
	w.answers["DELETE "+oneUser] = object{}
	b.post(t, path, "published", "delete", "cancel", "yes").leadsTo("/admin/users")
	if _, body := w.last(t, oneUser); body != `{"cancelOrders":true,"posts":"delete"}` {
		t.Errorf("got %s", body)
	}
	b.post(t, path, "published", "nonsense").leadsTo("/admin/users")
	if _, body := w.last(t, oneUser); body != `{"cancelOrders":false,"posts":"keep"}` {
		t.Errorf("got %s", body)
	}
}

// The key is in the answer to its form, and nowhere else: not in an address, not on a list, not after a reload.
func TestAPIKeys_areShownOnce(t *testing.T) {
	w := newWorld(t, registry())
	b := w.browser().signIn(t, "adam")
	key := between(b.get(t, "/admin/keys/new").shows(http.StatusOK, "Read the shop").Body.String(), `name="key" value="`, `"`)
	wish := []string{"name", " prices ", "permissions", "shop:read", "permissions", "blog:read", "expiresAt", "2100-12-31", "key", key}
	made := b.post(t, "/admin/keys/new", wish...).shows(http.StatusCreated, `value="stoa_ab12_secret"`, "Copy the key now.")
	if kept := made.Header().Get("Cache-Control"); kept != "private, no-store" {
		t.Errorf("it may be kept: %s", kept)
	}
	r, body := w.last(t, "/api/v1/auth/apikeys")
	if r.Header.Get("Idempotency-Key") != key || body != `{"name":"prices","permissions":["shop:read","blog:read"],"expiresAt":"2100-12-31T23:59:59Z"}` {
		t.Errorf("got %v %s", r.Header, body)
	}
	w.answers["POST /api/v1/auth/apikeys"] = errs.New(errs.Conflict, "this request has made the key already")
	b.post(t, "/admin/keys/new", wish...).shows(http.StatusConflict, "a key is shown only once").hides("stoa_ab12_secret")
	b.post(t, "/admin/keys/new", append(wish, "again", "yes")...).shows(http.StatusOK, `value="blog:read" checked`, `value="2100-12-31"`, key)
	b.post(t, "/admin/keys/new", "name", "x", "expiresAt", "soon").shows(http.StatusUnprocessableEntity, "Choose at least one.", "Choose a day", `value="x"`)
	w.answers["POST /api/v1/auth/apikeys"] = errs.InvalidField("expiresAt", "must be in the future")
	b.post(t, "/admin/keys/new", "name", "x", "permissions", "shop:read", "expiresAt", "2000-01-01").shows(http.StatusUnprocessableEntity, "must be in the future")
	if _, body := w.last(t, "/api/v1/auth/apikeys"); !strings.Contains(body, "2000-01-01T23:59:59Z") {
		t.Errorf("got %s", body)
	}
}

func TestAPIKeys_areRevoked(t *testing.T) {
	w := newWorld(t, registry())
	b := w.browser().signIn(t, "adam")
	revoke := "/admin/keys/" + letterID + "/revoke"
	b.get(t, "/admin/keys").shows(http.StatusOK, "prices &lt;b&gt;", "stoa_ab12…", "Expired", `href="`+revoke+`"`).hides("/admin/keys/" + orderID)
	b.get(t, revoke).shows(http.StatusOK, "Revoke the key “prices &lt;b&gt;”?")
	b.post(t, revoke).leadsTo("/admin/keys")
	b.get(t, "/admin/keys").shows(http.StatusOK, "The key is revoked.")
	w.answers["GET /api/v1/auth/apikeys/x"] = errs.Invalid
	b.get(t, "/admin/keys/x/revoke").shows(http.StatusNotFound)
}

func TestAudit_showsWhatHappened(t *testing.T) {
	w := newWorld(t, registry())
	b := w.browser().signIn(t, "adam")
	w.answers["GET /api/v1/auth/profile/id/e"] = object{"name": "Adam the first"}
	b.get(t, "/admin/audit").shows(http.StatusOK, "set-roles", "2 times", "Adam the first", "curl/8 &lt;x&gt;", "AUTHOR", `href="/admin/audit?cursor=a2"`)
	b.get(t, "/admin/audit?account="+accountID).shows(http.StatusOK, accountID)
	if r, _ := w.last(t, "/api/v1/auth/audit"); r.URL.Query().Get("account") != accountID {
		t.Errorf("got %s", r.URL)
	}
	b.get(t, "/admin/refusals?day=2026-03-04").shows(http.StatusOK, "203.0.113.0/24", "There were 3 more", "Nothing was refused on this day.", `value="2026-03-04"`)
	b.get(t, "/admin/refusals?day=yesterday").shows(http.StatusOK, "Choose a day")
	if r, _ := w.last(t, "/api/v1/auth/audit/refusals"); r.URL.RawQuery != "" {
		t.Errorf("got %s", r.URL)
	}
}

// STAFF may do nothing of what admins do, and no service is asked for it.
func TestAdmin_isForAdmins(t *testing.T) {
	w := newWorld(t, registry())
	b := w.browser().signIn(t, "stan")
	for _, path := range []string{"/admin", "/admin/users", "/admin/users/x", "/admin/users/x/delete", "/admin/keys", "/admin/keys/new", "/admin/keys/x/revoke", "/admin/audit", "/admin/refusals"} {
		b.get(t, path).shows(http.StatusForbidden)
	}
	for _, path := range []string{"/admin/users/x", "/admin/users/x/delete", "/admin/keys/new", "/admin/keys/x/revoke"} {
		b.post(t, path).shows(http.StatusForbidden)
	}
	for _, asked := range w.asked {
		if !strings.HasSuffix(asked.URL.Path, "/signin/basic") {
			t.Errorf("a service was asked for %s", asked.URL.Path)
		}
	}
}

// No page of staff and admins needs what the policy forbids.
func TestBackstage_hasNoCodeWithin(t *testing.T) {
	answers := registry()
	for _, more := range []map[string]any{backOffice(), storeroom()} {
		for operation, answer := range more {
			answers[operation] = answer
		}
	}
	b := newWorld(t, answers).browser().signIn(t, "adam")
	for _, path := range []string{
		"/staff", "/staff/orders", "/staff/orders/" + orderID, "/staff/products", "/staff/products/new", "/staff/products/" + productID,
		"/staff/products/" + productID + "/stock", "/staff/products/" + productID + "/picture", "/staff/products/" + productID + "/remove",
		"/staff/stock", "/staff/dead-letters", "/staff/dead-letters/" + letterID, "/staff/customers?account=" + accountID,
		"/admin", "/admin/users/" + accountID + "?email=bo", "/admin/users/" + accountID + "/delete?email=bo", "/admin/keys", "/admin/keys/new",
		"/admin/keys/" + letterID + "/revoke", "/admin/audit", "/admin/refusals",
	} {
		b.get(t, path).shows(http.StatusOK).hides("<style", " style=", " onclick=", "hx-on", "javascript:", "ZgotmplZ", "http://")
	}
}
