package handlers_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/errs"
)

func TestArchive_isAskedForAndFetched(t *testing.T) {
	w := member(t)
	b := w.browser().signIn(t, "ada")
	state := func(state string) {
		w.answers["GET "+ownPath+"/data"] = object{"state": state, "requestedAt": "2026-03-04T05:06:07Z", "expiresAt": "2026-03-05T05:06:07Z"}
	}
	b.get(t, "/account/data").shows(http.StatusOK, "Collect my data", `name="password"`)
	w.answers["POST "+ownPath+"/data"] = errs.InvalidField("password", "is not the password of this account")
	b.post(t, "/account/data", "password", "secret").shows(http.StatusUnprocessableEntity, `id="password-error"`).hides("secret")
	w.answers["POST "+ownPath+"/data"] = object{"state": "collecting"}
	b.post(t, "/account/data", "password", "secret").leadsTo("/account/data")
	state("collecting")
	b.get(t, "/account/data").shows(http.StatusOK, "Your data is being collected.", `hx-get="/account/data"`).hides(`name="password"`, `name="fetch"`)
	state("ready")
	b.get(t, "/account/data").shows(http.StatusOK, "Fetch the file", `datetime="2026-03-05T05:06:07Z"`).hides("hx-get")
	w.answers["POST "+ownPath+"/data/fetch"] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if end, _ := r.Context().Deadline(); time.Until(end) < time.Minute {
			t.Error("who reads slowly never gets it")
		}
		_, _ = io.WriteString(w, `{"data":[]}`)
	})
	file := b.post(t, "/account/data", "fetch", "yes")
	if file.Code != http.StatusOK || file.Body.String() != `{"data":[]}` || file.Header().Get("Cache-Control") != "private, no-store" ||
		!strings.HasPrefix(file.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("got %d %v %s", file.Code, file.Header(), file.Body)
	}
	w.answers["POST "+ownPath+"/data/fetch"] = errs.Conflict
	b.post(t, "/account/data", "fetch", "yes").shows(http.StatusConflict, "That was not possible")
	state("fetched")
	b.get(t, "/account/data").shows(http.StatusOK, "You have fetched your data.", "Collect my data")
	b.post(t, "/account/data", "fetch", "yes", "again", "yes").shows(http.StatusOK, "Collect my data")
}

func TestDelete_asksForThePasswordAndSignsOut(t *testing.T) {
	w := member(t)
	b := w.browser().signIn(t, "ada")
	b.get(t, "/account/delete").shows(http.StatusOK, "This is for good.", `name="password"`, `href="/account/data"`).hides(`name="writing"`, `name="cancelOrders"`)
	w.answers["DELETE "+ownPath] = errs.InvalidField("password", "is not the password of this account")
	b.post(t, "/account/delete", "password", "secret").shows(http.StatusUnprocessableEntity, `id="password-error"`).hides("secret")
	b.post(t, "/account/delete", "again", "yes").shows(http.StatusOK, "This is for good.")
	w.answers["DELETE "+ownPath] = object{"cancelledOrders": []string{}}
	b.post(t, "/account/delete", "password", "secret").leadsTo("/")
	if _, body := w.last(t, ownPath); body != `{"password":"secret","posts":"keep"}` {
		t.Errorf("auth was asked with %s", body)
	}
	b.get(t, "/").shows(http.StatusOK, "Your account is deleted.", "Sign in").hides("Sign out")
	if b.cookies["stoa-session"] != "" {
		t.Error("the browser keeps its session")
	}
}

func TestDelete_saysThatOrdersAreInTheWay(t *testing.T) {
	w := member(t)
	b := w.browser().signIn(t, "arno")
	b.get(t, "/account/delete").shows(http.StatusOK, `name="writing" value="keep" checked`)
	w.answers["DELETE "+ownPath] = &errs.Error{
		Kind: errs.Conflict, Message: "1 orders are not shipped", Fields: []errs.Field{{Name: "cancelOrders", Problem: "must be true to cancel 1"}},
	}
	b.post(t, "/account/delete", "password", "secret", "writing", "delete").shows(http.StatusConflict, "Some of your orders are not shipped yet.",
		`name="cancelOrders"`, `href="/orders"`, `name="writing" value="delete" checked`).hides("must be true", "secret")
	w.answers["DELETE "+ownPath] = &errs.Error{Kind: errs.Conflict, Message: "this account is the last ADMIN"}
	b.post(t, "/account/delete", "password", "secret", "cancelOrders", "yes").shows(http.StatusConflict, "the last ADMIN", `value="yes" checked`)
	w.answers["DELETE "+ownPath] = object{}
	b.post(t, "/account/delete", "password", "secret", "writing", "delete", "cancelOrders", "yes").leadsTo("/")
	if _, body := w.last(t, ownPath); body != `{"password":"secret","posts":"delete","cancelOrders":true}` {
		t.Errorf("auth was asked with %s", body)
	}
}
