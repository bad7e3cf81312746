package handlers_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
)

// commentsPath is where the comments on the article are, and commentAt one of them.
const (
	commentsPath = "/api/v1/blog/id/" + productID + "/comments"
	commentPath  = "/api/v1/blog/comments/c1"
)

// anAuthor is the account of the article.
const anAuthor = "0199c0de-0000-7000-8000-00000000000a"

// remarked is a comment on the article by somebody, who is called as their account.
func remarked(by string) object {
	return object{
		"id": "c1", "postId": productID, "author": object{"id": by, "name": "By " + by}, "text": "Yes, <b>", "html": "<p>Yes, &lt;b&gt;</p>",
		"createdAt": time.Now().UTC().Format(time.RFC3339), "replies": 2,
	}
}

// blogAnswers are what the blog answers, with these answers in place of its own.
func blogAnswers(more map[string]any) map[string]any {
	answers := maps.Clone(all)
	maps.Copy(answers, map[string]any{
		"GET /api/v1/blog/tags":                          object{"items": []any{object{"tag": "C#", "count": 2, "description": "Sharp"}, object{"tag": "SEA", "count": 1}}},
		"GET /api/v1/blog/list/tag/C#":                   object{"items": []any{article}, "next": "3.4"},
		"GET /api/v1/blog/list/tag/OLD":                  http.HandlerFunc(movedTag),
		"GET /api/v1/blog/list/author/" + anAuthor:       object{"items": []any{article}},
		"GET /api/v1/blog/list/author/nobody":            errs.Invalid,
		"GET /api/v1/blog/list/month/2020-03":            object{"items": []any{article}},
		"GET " + commentsPath:                            object{"items": []any{remarked("a"), remarked("z")}},
		"GET " + commentPath:                             remarked("a"),
		"POST " + commentsPath:                           object{"id": "c9"},
		"PATCH " + commentPath:                           object{},
		"DELETE " + commentPath:                          object{},
		"POST " + commentPath + "/report":                object{},
		"GET /api/v1/blog/following":                     object{"items": []any{object{"tag": "C#"}, object{"author": object{"id": anAuthor, "name": "Ann"}}}},
		"PUT /api/v1/blog/following/tags/SEA":            object{},
		"DELETE /api/v1/blog/following/tags/C#":          object{},
		"PUT /api/v1/blog/following/authors/" + anAuthor: errs.Unverified,
	})
	maps.Copy(answers, more)
	return answers
}

func movedTag(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Location", "/api/v1/blog/list/tag/C%23")
	w.WriteHeader(http.StatusMovedPermanently)
}

func TestBlog_isFoundByTagAuthorAndMonth(t *testing.T) {
	b := newWorld(t, blogAnswers(nil)).browser()
	b.get(t, "/blog").shows(http.StatusOK, `href="/blog/tags/C%23"`, `href="/blog/all/tags"`, `href="/blog/archive/`)
	b.get(t, "/blog/all/tags").shows(http.StatusOK, "Sharp", "2 posts", "1 post")
	b.get(t, "/blog/tags/C%23").shows(http.StatusOK, "Why we count", `href="/blog/tags/C%23?cursor=3.4"`, "Sign in to follow")
	if moved := b.get(t, "/blog/tags/OLD"); moved.Code != http.StatusMovedPermanently || moved.Header().Get("Location") != "/blog/tags/C%23" {
		t.Errorf("a former name: got %d %v", moved.Code, moved.Header())
	}
	b.get(t, "/blog/authors/"+anAuthor).shows(http.StatusOK, "<h1>Ada</h1>", "Why we count")
	b.get(t, "/blog/authors/nobody").shows(http.StatusNotFound)
	b.get(t, "/blog/archive/2020-03").shows(http.StatusOK, "Posts of 03/2020", `href="/blog/archive/2020-02"`, `href="/blog/archive/2020-04"`)
	b.get(t, "/blog/archive/"+time.Now().UTC().Format("2006-01")).shows(http.StatusServiceUnavailable)
	b.get(t, "/blog/archive/soon").shows(http.StatusNotFound)
}

// A guest's page is kept for all guests: it has no key of a form, which would be the same for them all.
func TestComments_areOfferedToThoseWhoAreSignedIn(t *testing.T) {
	w := newWorld(t, blogAnswers(nil))
	w.browser().get(t, "/blog/why-we-count").shows(http.StatusOK, "Sign in to comment", "2 replies").hides(`name="key"`, "/report", "/edit")
	b := w.browser().signIn(t, "ada")
	b.get(t, "/blog/why-we-count").shows(http.StatusOK, `name="key" value="`, "/blog/why-we-count/comments/c1/edit", "/delete", "/report")
	w.browser().get(t, "/blog/why-we-count/comments/c1").shows(http.StatusOK, "Yes, &lt;b&gt;", "Sign in to reply").hides(`name="key"`)
	w.browser().get(t, "/blog/why-we-count/comments").leadsTo("/sign-in?then=%2Fblog%2Fwhy-we-count%2Fcomments")
}

func TestComments_areAddedOnce(t *testing.T) {
	w := newWorld(t, blogAnswers(nil))
	b, key := w.browser().signIn(t, "ada"), ids.New()
	b.get(t, "/blog/why-we-count/comments").shows(http.StatusOK, "Your comment")
	b.post(t, "/blog/why-we-count/comments", "text", "Twice,\r\nat least", "key", key).leadsTo("/blog/why-we-count#comment-c9")
	asked, body := w.last(t, commentsPath)
	if asked.Header.Get("Idempotency-Key") != key || !strings.Contains(body, `"Twice,\nat least"`) || strings.Contains(body, "replyTo") {
		t.Errorf("got %v %s", asked.Header, body)
	}
	b.get(t, "/blog/why-we-count").shows(http.StatusOK, "Your comment is there.")
	b.post(t, "/blog/former/comments/c1", "text", "So do we", "key", key).leadsTo("/blog/why-we-count#comment-c9")
	if _, body := w.last(t, commentsPath); !strings.Contains(body, `"replyTo":"c1"`) {
		t.Errorf("a reply: got %s", body)
	}
	w.answers["POST "+commentsPath] = errs.InvalidField("text", "has nothing to see")
	b.post(t, "/blog/why-we-count/comments", "text", "  <i>", "key", key).shows(http.StatusUnprocessableEntity, "has nothing to see", "&lt;i&gt;", key)
	w.answers["POST "+commentsPath] = errs.Unverified
	b.post(t, "/blog/why-we-count/comments/c1", "text", "x", "key", key).shows(http.StatusForbidden, "/account/verify")
	b.post(t, "/blog/why-we-count/comments", "text", "kept", "key", key, "again", "yes").shows(http.StatusOK, "kept", key)
}

func TestComments_areChangedByTheirAuthors(t *testing.T) {
	w := newWorld(t, blogAnswers(nil))
	b := w.browser().signIn(t, "ada")
	const at = "/blog/why-we-count/comments/c1"
	b.get(t, at+"/edit").shows(http.StatusOK, "Yes, &lt;b&gt;</textarea>")
	b.post(t, at+"/edit", "text", "No").leadsTo("/blog/why-we-count#comment-c1")
	if asked, body := w.last(t, commentPath); asked.Method != http.MethodPatch || body != `{"text":"No"}` {
		t.Errorf("got %s %s", asked.Method, body)
	}
	w.answers["PATCH "+commentPath] = errs.New(errs.Conflict, "it is older than 15 minutes")
	b.post(t, at+"/edit", "text", "No").shows(http.StatusConflict, "it is older than 15 minutes", ">\nNo</textarea>")
	b.get(t, at+"/delete").shows(http.StatusOK, "gone for good")
	b.post(t, at+"/delete").leadsTo("/blog/why-we-count")
	w.answers["GET "+commentPath] = errs.NotFound
	b.post(t, at+"/delete").leadsTo("/blog/why-we-count") // a second click
	w.answers["GET "+commentPath] = remarked("z")
	b.get(t, at+"/edit").shows(http.StatusNotFound)
	asked := len(w.asked)
	b.post(t, at+"/delete").leadsTo("/blog/why-we-count")
	for _, r := range w.asked[asked:] {
		if r.Method == http.MethodDelete {
			t.Error("somebody else's comment was to be deleted")
		}
	}
	b.get(t, "/blog/why-we-count").shows(http.StatusOK, "There is no such comment of yours any more.")
	b.get(t, at+"/report").shows(http.StatusOK, "An editor reads it")
	b.post(t, at+"/report", "reason", "Spam").leadsTo("/blog/why-we-count#comment-c1")
	if _, body := w.last(t, commentPath+"/report"); body != `{"reason":"Spam"}` {
		t.Errorf("got %s", body)
	}
}

// A comment of another post is not below this one, and a reply is shown with the comment that it belongs to.
func TestComments_areBelowTheirPost(t *testing.T) {
	reply := remarked("z")
	reply["replyTo"] = "c0"
	w := newWorld(t, blogAnswers(map[string]any{"GET " + commentPath: reply}))
	b := w.browser()
	b.get(t, "/blog/why-we-count/comments/c1").leadsTo("/blog/why-we-count/comments/c0#comment-c1")
	reply["postId"] = "another"
	b.get(t, "/blog/why-we-count/comments/c1").shows(http.StatusNotFound)
}

func TestFollow_beginsAndEnds(t *testing.T) {
	w := newWorld(t, blogAnswers(map[string]any{"GET /api/v1/blog/list/tag/SEA": object{"items": []any{}}}))
	w.browser().post(t, "/blog/tags/SEA/follow", "follow", "yes").shows(http.StatusUnauthorized, "Sign in")
	b := w.browser().signIn(t, "ada")
	b.get(t, "/blog/tags/SEA").shows(http.StatusOK, `value="yes"`, "Follow", "There are no posts here yet.")
	b.get(t, "/blog/tags/C%23").shows(http.StatusOK, `value="no"`, "Unfollow")
	b.post(t, "/blog/tags/SEA/follow", "follow", "yes").leadsTo("/blog/tags/SEA")
	b.get(t, "/account/following").shows(http.StatusOK, "Ann", "/blog/tags/C%23/follow", "You are told of new posts from now on.")
	b.post(t, "/blog/tags/C%23/follow", "follow", "no", "from", "list").leadsTo("/account/following")
	b.post(t, "/blog/authors/"+anAuthor+"/follow", "follow", "yes").shows(http.StatusForbidden, "/account/verify")
	b.get(t, "/blog/authors/"+anAuthor+"/follow").leadsTo("/blog/authors/" + anAuthor)
	// While it cannot be found out what somebody follows, there is no button.
	delete(w.answers, "GET /api/v1/blog/following")
	b.get(t, "/blog/tags/SEA").shows(http.StatusOK).hides("follow")
}

// No page needs what the policy forbids, for anybody: code and styles within pages, and addresses that templates could not trust.
func TestBlogPages_haveNoCodeWithin(t *testing.T) {
	answers := blogAnswers(writingAnswers(reviewAnswers(nil)))
	w := newWorld(t, answers)
	pages := map[string][]string{
		"ada": {"/blog", "/blog/why-we-count", "/blog/all/tags", "/blog/tags/C%23", "/blog/authors/" + anAuthor, "/blog/archive/2020-03", "/account/following",
			"/blog/why-we-count/comments", "/blog/why-we-count/comments/c1", "/blog/why-we-count/comments/c1/report"},
		"arno":  {"/write", "/write/new", writePath, writePath + "/revisions", writePath + "/revisions/2", writePath + "/delete"},
		"edith": {"/review", reviewPath, "/review/reports", "/review/comments/c1", "/review/tags", "/review/tags/C%23", "/review/jobs/j1"},
	}
	for who, paths := range pages {
		b := w.browser().signIn(t, who)
		for _, path := range paths {
			page := b.get(t, path).shows(http.StatusOK).hides("<style", " style=", " onclick=", "hx-on", "javascript:", "ZgotmplZ", "http://", "%!")
			if size := page.Body.Len(); size > 100<<10 {
				t.Errorf("%s has %d bytes", path, size)
			}
		}
	}
}
