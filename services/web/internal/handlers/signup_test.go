package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/identity"
)

const (
	ownPath       = "/api/v1/auth/profile/mine"
	forgottenPath = "/api/v1/auth/password/forgotten"
)

// newcomer is a world in which Nora can sign up. Her address is not verified.
func newcomer(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, all)
	nora := people["ada"]
	nora.ID, nora.Name, nora.SessionID, nora.Verified, nora.Roles = "n", "Nora", "9", false, []identity.Role{identity.Learner}
	w.people["nora"] = nora
	w.answers["POST /api/v1/auth/signup/basic"] = object{
		"user":        object{"id": "n", "name": "Nora", "email": "nora@example.com", "roles": []string{"LEARNER"}},
		"accessToken": "nora", "refreshToken": "refresh nora", "expiresIn": 900,
	}
	return w
}

// signUp signs Nora up.
func (b *browser) signUp(t *testing.T, then string) {
	t.Helper()
	b.post(t, "/sign-up", "name", "Nora", "email", "nora@example.com", "password", "opensesame", "then", then).
		leadsTo(map[string]string{"/": "/account/verify", "/cart": "/account/verify?then=%2Fcart"}[then])
}

func TestSignUp_leadsToTheVerificationAndOn(t *testing.T) {
	w := newcomer(t)
	b := w.browser()
	b.get(t, "/sign-up?then=/cart").shows(http.StatusOK, `name="then" value="/cart"`, `autocomplete="new-password"`)
	b.signUp(t, "/cart")
	if _, body := w.last(t, "/api/v1/auth/signup/basic"); !strings.Contains(body, `"name":"Nora"`) || !strings.Contains(body, `"password":"opensesame"`) {
		t.Errorf("auth was asked with %s", body)
	}
	b.get(t, "/account/verify?then=%2Fcart").shows(http.StatusOK, "Welcome!", "nora@example.com", `name="then" value="/cart"`)
	b.get(t, "/sign-up").leadsTo("/account")
	w.answers["POST "+ownPath+"/verification"] = errs.Invalid
	b.post(t, "/account/verify", "code", "4F7KQ2ZX", "then", "/cart").
		shows(http.StatusUnprocessableEntity, "This is not the code of our latest mail", `value="4F7KQ2ZX"`, `name="then" value="/cart"`)
	w.answers["POST "+ownPath+"/verification"] = object{}
	b.post(t, "/account/verify", "code", "4F7KQ2ZN", "then", "/cart").leadsTo("/cart")
	if asked, body := w.last(t, ownPath+"/verification"); asked.Header.Get("Authorization") != "Bearer nora" || body != `{"code":"4F7KQ2ZN"}` {
		t.Errorf("auth was asked with %v %s", asked.Header, body)
	}
}

func TestSignUp_hasAnotherCodeMailed(t *testing.T) {
	w := newcomer(t)
	b := w.browser()
	b.signUp(t, "/")
	w.answers["POST "+ownPath+"/verification/mail"] = object{}
	b.post(t, "/account/verify", "another", "yes").leadsTo("/account/verify")
	b.get(t, "/account/verify").shows(http.StatusOK, "Another code is on its way.")
	w.answers["POST "+ownPath+"/verification/mail"] = &errs.Error{Kind: errs.RateLimited, Message: "wait", RetryAfter: time.Hour}
	b.post(t, "/account/verify", "another", "yes").shows(http.StatusTooManyRequests, "We have mailed you several codes")
	w.answers["POST "+ownPath+"/verification/mail"] = errs.Conflict // it was verified in another tab
	b.post(t, "/account/verify", "another", "yes").leadsTo("/")
	delete(w.answers, "POST "+ownPath+"/verification/mail")
	b.post(t, "/account/verify", "another", "yes").shows(http.StatusServiceUnavailable, "nothing was changed")
	verified := w.people["nora"]
	verified.Verified = true
	w.people["nora"] = verified
	b.get(t, "/account/verify").shows(http.StatusOK, "nora@example.com is verified.").hides(`name="code"`)
}

func TestSignUp_saysWhatIsWrong(t *testing.T) {
	w := newcomer(t)
	b := w.browser()
	w.answers["POST /api/v1/auth/signup/basic"] = errs.InvalidFields(
		errs.Field{Name: "name", Problem: "is too short"}, errs.Field{Name: "password", Problem: "is too short"})
	b.post(t, "/sign-up", "name", "<", "email", "nora@example.com", "password", "secret").
		shows(http.StatusUnprocessableEntity, `id="name-error"`, `id="password-error"`, `value="&lt;"`, `value="nora@example.com"`).hides("secret")
	w.answers["POST /api/v1/auth/signup/basic"] = errs.Conflict
	b.post(t, "/sign-up", "name", "Ada", "email", "ada@example.com", "password", "guessed", "then", "//evil.example").
		shows(http.StatusConflict, "There is an account with this address.", `id="email-error"`).hides("guessed", "evil")
	if len(b.cookies) > 0 {
		t.Errorf("somebody is signed in: %v", b.cookies)
	}
}

// A form that was sent twice has made an account, and signs in to it.
func TestSignUp_signsInThoseWhoHaveAnAccount(t *testing.T) {
	w := newcomer(t)
	w.answers["POST /api/v1/auth/signup/basic"] = errs.Conflict
	b := w.browser()
	b.post(t, "/sign-up", "name", "Ada", "email", "ada@example.com", "password", "opensesame", "then", "/products").leadsTo("/products")
	b.get(t, "/products").shows(http.StatusOK, "Sign out", "Ada")
}

// What somebody had typed comes through the sign-up as it does through the sign-in.
func TestSignUp_keepsWhatWasTyped(t *testing.T) {
	w := newcomer(t)
	b := w.browser()
	b.post(t, "/blog/why-we-count/comments", "text", "Twice <3").
		shows(http.StatusUnauthorized, `formaction="/sign-up"`, `name="kept.text" value="Twice &lt;3"`)
	typed := []string{"then", "/blog/why-we-count/comments", "kept.", "yes", "kept.text", "Twice <3"}
	b.post(t, "/sign-up", append(typed, "begin", "yes", "email", "nora@example.com")...).shows(http.StatusOK,
		`value="nora@example.com"`, `name="kept.text" value="Twice &lt;3"`, "What you typed is kept.").hides(`class="error"`)
	answer := b.post(t, "/sign-up", append(typed, "name", "Nora", "email", "nora@example.com", "password", "opensesame")...)
	answer.shows(http.StatusOK, `action="/blog/why-we-count/comments"`, `name="text" value="Twice &lt;3"`, `name="again"`).hides("kept.")
	b.get(t, "/").shows(http.StatusOK, "Nora")
}

func TestForgotten_tellsNothing(t *testing.T) {
	w := newWorld(t, all)
	b := w.browser()
	b.get(t, "/forgotten").shows(http.StatusOK, "Mail me a link", `name="email"`)
	w.answers["POST "+forgottenPath] = object{}
	b.post(t, "/forgotten", "email", "ada@example.com").leadsTo("/forgotten?asked=yes")
	if _, body := w.last(t, forgottenPath); body != `{"email":"ada@example.com"}` {
		t.Errorf("auth was asked with %s", body)
	}
	b.get(t, "/forgotten?asked=yes").shows(http.StatusOK, "If there is an account with this address").hides("ada@")
	w.answers["POST "+forgottenPath] = errs.InvalidField("email", "is odd")
	b.post(t, "/forgotten", "email", "ada").shows(http.StatusUnprocessableEntity, "is odd", `value="ada"`)
	w.answers["POST "+forgottenPath] = errs.RateLimited
	b.post(t, "/forgotten", "email", "ada@example.com").shows(http.StatusTooManyRequests, "Several links were asked for")
	delete(w.answers, "POST "+forgottenPath)
	b.post(t, "/forgotten", "email", "ada@example.com").shows(http.StatusServiceUnavailable, "nothing was changed", "ada@example.com")
}

func TestForgotten_setsAPasswordByTheMailedLink(t *testing.T) {
	w := newWorld(t, all)
	b := w.browser()
	b.get(t, "/forgotten?code=abc.def").shows(http.StatusOK, "Choose a new password", `name="code" value="abc.def"`, `name="new"`).hides(`name="email"`)
	for path := range w.paths() {
		t.Errorf("looking at the page has asked for %s", path)
	}
	w.answers["PUT "+forgottenPath] = errs.InvalidField("new", "is too short")
	b.post(t, "/forgotten", "code", "abc.def", "new", "topsecret").
		shows(http.StatusUnprocessableEntity, `id="new-error"`, `name="code" value="abc.def"`).hides("topsecret")
	w.answers["PUT "+forgottenPath] = errs.InvalidField("link", "is not valid any more")
	b.post(t, "/forgotten", "code", "abc.def", "new", "topsecret").
		shows(http.StatusUnprocessableEntity, "This link is not valid any more.", "Mail me a link", `name="email"`).hides("abc.def", "topsecret")
	w.answers["PUT "+forgottenPath] = object{}
	b.post(t, "/forgotten", "code", "abc.def", "new", "topsecret").leadsTo("/sign-in")
	if _, body := w.last(t, forgottenPath); body != `{"link":"abc.def","new":"topsecret"}` {
		t.Errorf("auth was asked with %s", body)
	}
	b.get(t, "/sign-in").shows(http.StatusOK, "Your new password is set.")
}

// paths are those that services were asked for.
func (s *services) paths() map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	paths := map[string]bool{}
	for _, r := range s.asked {
		paths[r.URL.Path] = true
	}
	return paths
}
