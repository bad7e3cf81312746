package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
)

const noticesPath, settingsPath = "/api/v1/notifications", "/api/v1/notifications/settings"

// member is a world with what an account shows.
func member(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, all)
	for operation, answer := range map[string]any{
		"GET " + ownPath: object{
			"id": "a", "name": "Ada", "email": "ada@example.com", "verified": true, "roles": []string{"LEARNER"},
			"profilePicUrl": "https://pictures.example/ada.png", "createdAt": "2026-03-04T05:06:07Z",
		},
		"GET /api/v1/auth/sessions": object{"items": []any{
			object{
				"id": "1", "current": true, "address": "203.0.113.7", "userAgent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0",
				"lastUsedAt": "2026-03-04T05:06:07Z", "createdAt": "2026-03-04T05:06:07Z",
			},
			object{"id": productID, "userAgent": "<b>", "lastUsedAt": "2026-03-03T05:06:07Z", "createdAt": "2026-03-03T05:06:07Z"},
		}, "next": "2"},
		"GET " + ownPath + "/data": object{"state": "none"},
		"GET " + settingsPath:      object{"orders": "always", "reviews": "at_once", "comments": "never", "following": "daily"},
		"GET " + noticesPath: object{"items": []any{
			object{"kind": "order-confirmed", "subject": "Your order <is> confirmed", "text": "It is.", "orderId": productID, "createdAt": "2026-03-04T05:06:07Z"},
			object{"kind": "comment-added", "subject": "A comment", "text": "Yes", "link": "https://public.example/blog/why-we-count?q=1#comment-1"},
			object{"kind": "account-verified", "subject": "Welcome", "text": "Hello"},
			object{"kind": "daily-digest", "subject": "News", "text": "Some"},
		}},
	} {
		w.answers[operation] = answer
	}
	return w
}

// A guest signs in first, and comes back.
func TestAccount_isForThoseWhoAreSignedIn(t *testing.T) {
	b := member(t).browser()
	for _, path := range []string{
		"/account", "/account/verify", "/account/password", "/account/sessions", "/account/data", "/account/delete", "/account/mail", "/account/notices",
	} {
		b.get(t, path).leadsTo("/sign-in?then=" + strings.ReplaceAll(path, "/", "%2F"))
	}
	b.post(t, "/account", "name", "Ada L.", "profilePicUrl", "").
		shows(http.StatusUnauthorized, "What you typed is kept.", `name="kept.name" value="Ada L."`)
	b.post(t, "/account/password", "current", "old secret", "new", "new secret").shows(http.StatusUnauthorized).hides("secret")
}

func TestProfile_isShownAndChanged(t *testing.T) {
	w := member(t)
	b := w.browser().signIn(t, "ada")
	b.get(t, "/account").shows(http.StatusOK, "ada@example.com", "4 Mar 2026", `src="https://pictures.example/ada.png"`, `value="Ada"`, "Member",
		`<a href="/account" aria-current="page">Profile</a>`).hides("not verified")
	w.answers["PATCH "+ownPath] = object{"name": "Ada L."}
	b.post(t, "/account", "name", "Ada L.", "profilePicUrl", " https://x.example/1 ").leadsTo("/account")
	if _, body := w.last(t, ownPath); body != `{"name":"Ada L.","profilePicUrl":"https://x.example/1"}` {
		t.Errorf("auth was asked with %s", body)
	}
	b.get(t, "/account").shows(http.StatusOK, "Your profile is saved.", `aria-current="page">Ada L.</a>`)
	w.answers["PATCH "+ownPath] = errs.InvalidField("profilePicUrl", "must be a URL")
	b.post(t, "/account", "name", "A", "profilePicUrl", "javascript:x").
		shows(http.StatusUnprocessableEntity, `id="profilePicUrl-error"`, "must be a URL", `value="javascript:x"`, "ada@example.com")
	b.post(t, "/account", "name", "As typed", "again", "yes").shows(http.StatusOK, `value="As typed"`)
}

// Browsers load pictures with TLS only, and none of another kind of address.
func TestProfile_showsNoPictureThatCannotBe(t *testing.T) {
	for _, address := range []string{"http://pictures.example/a.png", "javascript:alert(1)", "data:image/png;base64,x", ""} {
		w := member(t)
		w.answers["GET "+ownPath] = object{"name": "Ada", "email": "ada@example.com", "profilePicUrl": address, "roles": []string{"AUTHOR", "ADMIN"}}
		w.browser().signIn(t, "ada").get(t, "/account").
			shows(http.StatusOK, "not verified", "Author", "Admin", `href="/account/verify?then=/account"`).hides("<img")
	}
}

func TestPassword_isChanged(t *testing.T) {
	w := member(t)
	b := w.browser().signIn(t, "ada")
	b.get(t, "/account/password").shows(http.StatusOK, `autocomplete="current-password"`, `autocomplete="new-password"`)
	w.answers["PUT /api/v1/auth/password"] = errs.InvalidField("current", "is not the password of this account")
	b.post(t, "/account/password", "current", "old secret", "new", "new secret").
		shows(http.StatusUnprocessableEntity, `id="current-error"`, "is not the password of this account").hides("secret")
	b.post(t, "/account/password", "again", "yes").shows(http.StatusOK, `name="current"`)
	w.answers["PUT /api/v1/auth/password"] = object{}
	b.post(t, "/account/password", "current", "old secret", "new", "new secret").leadsTo("/account")
	if _, body := w.last(t, "/api/v1/auth/password"); body != `{"current":"old secret","new":"new secret"}` {
		t.Errorf("auth was asked with %s", body)
	}
	b.get(t, "/account").shows(http.StatusOK, "Your password is changed.")
}

func TestSessions_areListedAndEnded(t *testing.T) {
	w := member(t)
	b := w.browser().signIn(t, "ada")
	page := b.get(t, "/account/sessions").shows(http.StatusOK, "Firefox on Linux", "this one", "from 203.0.113.7", "Unknown device",
		`name="id" value="`+productID+`"`, "Sign out everywhere else", `href="/account/sessions?cursor=2"`)
	page.hides(`name="id" value="1"`, "<b>")
	w.answers["DELETE /api/v1/auth/sessions/"+productID] = object{}
	b.post(t, "/account/sessions", "id", productID).leadsTo("/account/sessions")
	b.get(t, "/account/sessions").shows(http.StatusOK, "You are signed out there.")
	w.answers["DELETE /api/v1/auth/sessions/"+productID] = errs.NotFound // it has ended meanwhile
	b.post(t, "/account/sessions", "id", productID).leadsTo("/account/sessions")
	w.answers["DELETE /api/v1/auth/sessions/<x>"] = errs.Invalid
	b.post(t, "/account/sessions", "id", "<x>").leadsTo("/account/sessions")
	b.post(t, "/account/sessions", "others", "yes").shows(http.StatusServiceUnavailable)
	w.answers["DELETE /api/v1/auth/sessions"] = object{}
	b.post(t, "/account/sessions", "others", "yes").leadsTo("/account/sessions")
	b.get(t, "/account/sessions").shows(http.StatusOK, "You are signed out everywhere else.")
	b.post(t, "/account/sessions", "others", "yes", "again", "yes").leadsTo("/account/sessions")
	w.answers["GET /api/v1/auth/sessions"] = object{"items": []any{}}
	b.get(t, "/account/sessions?cursor=9").shows(http.StatusOK, "There is nothing more here.").hides("Sign out everywhere else")
}

func TestMails_areDecidedAbout(t *testing.T) {
	w := member(t)
	b := w.browser().signIn(t, "ada")
	b.get(t, "/account/mail").shows(http.StatusOK, `name="comments" value="never" checked`, `name="following" value="daily" checked`).hides(`name="reviews"`)
	w.browser().signIn(t, "arno").get(t, "/account/mail").shows(http.StatusOK, `name="reviews" value="at_once" checked`)
	w.answers["PATCH "+settingsPath] = object{}
	b.post(t, "/account/mail", "comments", "daily", "reviews", "never", "orders", "never").leadsTo("/account/mail")
	if _, body := w.last(t, settingsPath); body != `{"comments":"daily"}` {
		t.Errorf("notification was asked with %s", body)
	}
	w.answers["PATCH "+settingsPath] = errs.Invalid
	b.post(t, "/account/mail", "comments", "x").shows(http.StatusUnprocessableEntity, "That was not possible")
	b.post(t, "/account/mail", "comments", "at_once", "again", "yes").shows(http.StatusOK, `name="comments" value="at_once" checked`)
}

func TestNotices_leadToWhatTheyAreAbout(t *testing.T) {
	w := member(t)
	b := w.browser().signIn(t, "ada")
	b.get(t, "/account/notices").shows(http.StatusOK, `<a href="/orders/`+productID+`">Your order &lt;is&gt; confirmed</a>`,
		`<a href="/blog/why-we-count?q=1#comment-1">A comment</a>`, `<a href="/account">Welcome</a>`, "<h2>News</h2>").hides("public.example")
	w.answers["GET "+noticesPath] = object{"items": []any{}}
	b.get(t, "/account/notices").shows(http.StatusOK, "There is nothing yet.")
	w.answers["GET "+noticesPath] = object{"items": []any{object{"kind": "post-published", "subject": "Odd", "link": "javascript:alert(1)"}}}
	b.get(t, "/account/notices").shows(http.StatusOK, "Odd").hides("javascript")
	delete(w.answers, "GET "+noticesPath)
	b.get(t, "/account/notices").shows(http.StatusServiceUnavailable)
}
