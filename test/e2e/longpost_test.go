package e2e

import (
	"net/http"
	"strings"
	"testing"

	"stoa/test/client"
)

// A post has 50,000 letters of any script. It is saved, and comes through a sign-in, whatever a letter takes.
func TestWritingPages_takeLongPostsOfAnyScript(t *testing.T) {
	t.Parallel()
	author := shop.NewAuthor(t, shop.SignIn(t, "admin"))
	browser := shop.Browser(t)
	browser.SignIn(t, author.Email, client.Password)
	for name, letter := range map[string]string{"Greek": "ω", "Chinese": "字", "Linear B": "𐀀", "quotes": `"`, "tags": "<", "lines": "\r\n"} {
		var draft client.Post
		shop.Must(t, client.DraftBy(author), http.StatusCreated, &draft)
		path, text := "/write/"+draft.ID, "x"+strings.Repeat(letter, 49_998)+"x"
		form := []string{"title", name, "text", text, "version", "1"}

		signedOut := shop.Browser(t)
		asked := signedOut.PostParts(t, path, form...)
		wantPage(t, asked, http.StatusUnauthorized)
		signIn := []string{"email", author.Email, "password", client.Password}
		for _, f := range formOf(t, asked, "/sign-in").fields {
			if f.kind == "input hidden" {
				signIn = append(signIn, f.name, f.value)
			}
		}
		again := signedOut.PostParts(t, "/sign-in", signIn...)
		wantPage(t, again, http.StatusOK)
		var kept []string
		for _, f := range formOf(t, again, path).fields {
			kept = append(kept, f.name, f.value)
		}
		shown := signedOut.PostParts(t, path, kept...)
		wantPage(t, shown, http.StatusOK)
		want := strings.ReplaceAll(text, "\r\n", "\n")
		if got := strings.TrimPrefix(textIn(formOf(t, shown, path)), "\n"); got != want {
			t.Errorf("%s: %d bytes of %d came through the sign-in", name, len(got), len(want))
		}

		if saved := browser.PostParts(t, path, form...); saved.Status != http.StatusSeeOther {
			t.Errorf("%s: saving: got %d", name, saved.Status)
			continue
		}
		var stored client.Post
		shop.Must(t, client.Request{Method: "GET", Path: "/blog/author/id/" + draft.ID, As: author}, http.StatusOK, &stored)
		if stored.Text != want {
			t.Errorf("%s: %d bytes of %d are stored", name, len(stored.Text), len(want))
		}
	}
}

// textIn is what the field for the text has.
func textIn(f form) string {
	for _, one := range f.fields {
		if one.name == "text" {
			return strings.ReplaceAll(one.value, "\r\n", "\n")
		}
	}
	return ""
}
