package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"stoa/pkg/common/ids"
	"stoa/test/client"
	"stoa/test/system"
)

// member returns a browser in which one of the first accounts is signed in.
func member(t *testing.T, role string) *client.Browser {
	t.Helper()
	browser := shop.Browser(t)
	browser.SignIn(t, shop.Accounts[role].Email, shop.Accounts[role].Password)
	return browser
}

// fill opens a page, and sends its form with these fields besides the hidden ones. It returns where that leads.
func fill(t *testing.T, browser *client.Browser, path, action string, fields ...string) string {
	t.Helper()
	page := browser.Get(t, path)
	wantPage(t, page, http.StatusOK)
	for _, f := range formOf(t, page, action).fields {
		if f.kind == "input hidden" {
			fields = append(fields, f.name, f.value)
		}
	}
	return leadOn(t, browser, action, fields...)
}

// An author writes, an editor gives it back and then publishes it, readers comment, and an editor looks at what was reported: by pages
// alone, and without scripts.
func TestBlogPages_fromTheFirstWordToTheLastComment(t *testing.T) {
	t.Parallel()
	author, editor, reader := member(t, "author"), member(t, "editor"), shop.Browser(t)
	customer, title := shop.SignUp(t), "Counting twice "+ids.New()
	reader.SignIn(t, customer.Email, client.Password)

	draft := fill(t, author, "/write/new", "/write/new", "title", title)
	save := []string{"title", title, "description", "What we count.", "text", "## First\n\nCount **once**.", "tags", "Counting, stock", "do"}
	fill(t, author, draft, draft, append(save, "save")...)
	wantPage(t, author.Get(t, draft), http.StatusOK, "Your draft is saved.", "<strong>once</strong>", "COUNTING, STOCK")
	fill(t, author, draft, draft, append(save, "submit")...)
	review := "/review/posts/" + strings.TrimPrefix(draft, "/write/")
	awaitPage(t, editor, "/review", review)
	fill(t, editor, review, review, "do", "refuse", "note", "Who counts?")
	awaitPage(t, author, draft, "Who counts?")
	save[5] = "## First\n\nWe count **twice**."
	fill(t, author, draft, draft, append(save, "submit")...)
	fill(t, editor, review, review, "do", "publish")
	wantPage(t, editor.Get(t, "/review"), http.StatusOK, "review")

	var post string
	system.Eventually(t, "the post is on the front page of the blog", func() error {
		return linkTo(shop.Browser(t).Get(t, "/blog"), title, &post)
	})
	wantPage(t, reader.Get(t, post), http.StatusOK, title, "<strong>twice</strong>", "Nobody has commented yet.")
	awaitPage(t, shop.Browser(t), "/blog/tags/counting", title)
	awaitPage(t, shop.Browser(t), "/blog?q="+strings.Fields(title)[2], title)

	at := fill(t, reader, post, post+"/comments", "text", "We count three times.")
	wantPage(t, reader.Get(t, post), http.StatusOK, "We count three times.", "Your comment is there.")
	comment := post + "/comments/" + at[strings.LastIndex(at, "#comment-")+len("#comment-"):]
	fill(t, author, comment, comment, "text", "Three is too many.")
	wantPage(t, reader.Get(t, comment), http.StatusOK, "Three is too many.")
	fill(t, reader, comment+"/edit", comment+"/edit", "text", "We count four times.")
	wantPage(t, shop.Browser(t).Get(t, comment), http.StatusOK, "We count four times.", "edited")
	fill(t, author, comment+"/report", comment+"/report", "reason", "Nobody counts so often.")
	decision := "/review/comments/" + comment[strings.LastIndex(comment, "/")+1:]
	awaitPage(t, editor, "/review/reports", decision)
	fill(t, editor, decision, decision, "reason", "It is not true.", "state", "hidden")
	system.Eventually(t, "the comment is hidden", func() error {
		return missing(shop.Browser(t).Get(t, post), "We count four times.")
	})

	leadOn(t, reader, "/blog/tags/counting/follow", "follow", "yes")
	wantPage(t, reader.Get(t, "/account/following"), http.StatusOK, "/blog/tags/")
	fill(t, editor, review, review, "do", "unpublish", "note", "For now.")
	system.Eventually(t, "the post is gone", func() error {
		if page := shop.Browser(t).Get(t, post); page.Status != http.StatusNotFound {
			return fmt.Errorf("got %d", page.Status)
		}
		return nil
	})
}
