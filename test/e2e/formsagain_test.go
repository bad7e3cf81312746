package e2e

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"stoa/pkg/common/must"
	"stoa/test/client"
)

// typedText is what somebody types into each field.
const typedText = `typed "here" & <there>`

// Whoever's session has ended while filling in a form signs in, and finds what was typed.
func TestForms_comeBackAfterTheSessionEnded(t *testing.T) {
	t.Parallel()
	users := oneOfEach(t)
	post := shop.NewPost(t, users["author"], users["editor"])
	shop.Must(t, client.CommentOn(post.ID, users["customer"], "Once."), http.StatusCreated, nil)
	var draft client.Post
	shop.Must(t, client.DraftBy(users["author"]), http.StatusCreated, &draft)
	shop.Must(t, client.ActOn(draft.ID, "author/submit", users["author"]), http.StatusOK, nil)
	sent := map[string]bool{}
	for role, user := range users {
		browser := shop.Browser(t)
		browser.SignIn(t, user.Email, client.Password)
		for _, page := range crawl(t, browser) {
			for _, f := range page.forms() {
				kind := variable.ReplaceAllString(f.action, "*")
				if f.method == http.MethodPost && f.writes() && !sent[kind] {
					sent[kind] = f.sendSignedOut(t, role, user)
				}
			}
		}
	}
	t.Logf("%d kinds of forms", len(sent))
	for _, kind := range []string{"/account", "/write/*", "/staff/products/new", "/admin/keys/new", "/review/posts/*"} {
		if !sent[kind] {
			t.Errorf("nobody has reached the form %s", kind)
		}
	}
}

// text reports whether people type into a field what can be shown again.
func (f field) text() bool {
	return slices.Contains([]string{"input text", "input email", "input search", "textarea "}, f.kind)
}

func (f form) writes() bool { return slices.ContainsFunc(f.fields, field.text) }

// filled is what a browser sends.
func (f form) filled() (values []string) {
	for _, one := range f.fields {
		switch {
		case one.text():
			values = append(values, one.name, typedText)
		case one.kind == "input hidden":
			values = append(values, one.name, one.value)
		}
	}
	return values
}

// formOf returns the form of a page with this action, with the fields of all if there are several.
func formOf(t *testing.T, answer client.Answer, action string) form {
	t.Helper()
	page := visited{tree: must.Get(html.Parse(bytes.NewReader(answer.Body)))(t)}
	found, there := form{action: action}, false
	for _, f := range page.forms() {
		if f.action == action {
			found.fields, there = append(found.fields, f.fields...), true
		}
	}
	if !there {
		t.Fatalf("there is no form for %s: %s", action, answer)
	}
	return found
}

// sendSignedOut sends the form with no session, signs in, and looks for what was typed. It reports false if the page is gone meanwhile:
// other tests take back their posts.
func (f form) sendSignedOut(t *testing.T, role string, user client.User) bool {
	t.Helper()
	browser := shop.Browser(t)
	answer := browser.Post(t, f.action, f.filled()...)
	if answer.Status != http.StatusUnauthorized {
		return true // it is for guests too
	}
	signIn := []string{"email", user.Email, "password", client.Password}
	for _, field := range formOf(t, answer, "/sign-in").fields {
		if field.kind == "input hidden" {
			signIn = append(signIn, field.name, field.value)
		}
	}
	answer = browser.Post(t, "/sign-in", signIn...)
	if wantPage(t, answer, http.StatusOK); t.Failed() {
		return true
	}
	var again []string
	for _, field := range formOf(t, answer, f.action).fields {
		again = append(again, field.name, field.value)
	}
	answer = browser.Post(t, f.action, again...)
	if answer.Status == http.StatusNotFound && browser.Get(t, f.action).Status == http.StatusNotFound {
		return false
	}
	if answer.Status != http.StatusOK {
		t.Errorf("%s, %s: got %s", role, f.action, answer)
		return true
	}
	back := formOf(t, answer, f.action)
	for _, typed := range f.fields {
		kept := func(b field) bool { return b.name == typed.name && strings.TrimPrefix(b.value, "\n") == typedText }
		if typed.text() && !slices.ContainsFunc(back.fields, kept) {
			t.Errorf("%s, %s: what was typed into %s is gone", role, f.action, typed.name)
		}
	}
	return true
}
