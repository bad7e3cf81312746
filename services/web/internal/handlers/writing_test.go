package handlers_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
)

const ownPostPath = "/api/v1/blog/author/id/" + productID

// written is a draft of Arno's as it is stored.
func written(more object) object {
	draft := object{
		"id": productID, "title": "Why we count", "description": "Twice.", "text": "Count\n*once*.", "tags": []string{"TILLS", "SEA"},
		"author": object{"id": "b", "name": "Arno"}, "status": "draft", "version": 3, "draft": true, "updatedAt": "2026-03-04T05:06:07Z",
	}
	maps.Copy(draft, more)
	return draft
}

func writingAnswers(more map[string]any) map[string]any {
	answers := map[string]any{
		"GET /api/v1/blog/author/drafts":                   object{"items": []any{written(object{"refusal": object{"note": "Who counts?"}})}, "next": "7"},
		"GET /api/v1/blog/author/submitted":                object{"items": []any{}},
		"GET /api/v1/blog/author/published":                object{"items": []any{written(object{"status": "published", "published": object{"slug": "why"}})}},
		"GET " + ownPostPath:                               written(nil),
		"PATCH " + ownPostPath:                             written(object{"version": 4}),
		"DELETE " + ownPostPath:                            object{},
		"POST /api/v1/blog/author":                         object{"id": productID},
		"POST " + ownPostPath + "/preview":                 object{"html": "<p>Count <em>twice</em>.</p>"},
		"PUT /api/v1/blog/author/submit/id/" + productID:   object{},
		"PUT /api/v1/blog/author/withdraw/id/" + productID: object{},
		"GET " + ownPostPath + "/revisions":                object{"items": []any{object{"revision": 2, "title": "Why", "at": "2026-03-04T05:06:07Z"}}},
		"GET " + ownPostPath + "/revisions/2":              object{"revision": 2, "title": "Why", "text": "Old <b>text"},
		"POST " + ownPostPath + "/revisions/2/restore":     object{},
	}
	maps.Copy(answers, more)
	return answers
}

// typedDraft is what the form of a draft sends.
func typedDraft(more ...string) []string {
	return append([]string{"title", "Why we count", "description", "Twice.", "text", "Count\r\n*twice*.", "tags", "tills,, the sea ", "version", "3"}, more...)
}

const writePath = "/write/" + productID

func TestWrite_isForAuthors(t *testing.T) {
	w := newWorld(t, writingAnswers(nil))
	w.browser().get(t, writePath).leadsTo("/sign-in?then=%2Fwrite%2F" + productID)
	w.browser().signIn(t, "ada").get(t, "/write").shows(http.StatusForbidden)
}

func TestWrite_listsOwnPosts(t *testing.T) {
	w := newWorld(t, writingAnswers(nil))
	b := w.browser().signIn(t, "arno")
	b.get(t, "/write").shows(http.StatusOK, writePath, "Who counts?", `href="/write?cursor=7"`)
	b.get(t, "/write/submitted").shows(http.StatusOK, "Nothing waits for an editor.")
	b.get(t, "/write/published").shows(http.StatusOK, `href="/blog/why"`)
}

func TestWrite_beginsAPostOnce(t *testing.T) {
	w := newWorld(t, writingAnswers(nil))
	b, key := w.browser().signIn(t, "arno"), ids.New()
	b.get(t, "/write/new").shows(http.StatusOK, `name="key"`)
	b.post(t, "/write/new", "title", "Why", "key", key).leadsTo(writePath)
	if asked, body := w.last(t, "/api/v1/blog/author"); asked.Header.Get("Idempotency-Key") != key || body != `{"title":"Why"}` {
		t.Errorf("got %v %s", asked.Header, body)
	}
	w.answers["POST /api/v1/blog/author"] = errs.InvalidField("title", "is too short")
	b.post(t, "/write/new", "title", "W", "key", key).shows(http.StatusUnprocessableEntity, "is too short", key)
}

func TestWrite_showsADraftBesideItsPreview(t *testing.T) {
	w := newWorld(t, writingAnswers(nil))
	b := w.browser().signIn(t, "arno")
	b.get(t, writePath).shows(http.StatusOK, ">\nCount\n*once*.</textarea>", "TILLS, SEA", `name="version" value="3"`, "<em>twice</em>", "Saved:")
	w.answers["POST "+ownPostPath+"/preview"] = errs.Unavailable
	b.get(t, writePath).shows(http.StatusOK, "*once*", "This part cannot be shown right now.")
	w.answers["GET "+ownPostPath] = errs.NotFound
	b.get(t, writePath).shows(http.StatusNotFound)
}

func TestWrite_savesWhatWasTyped(t *testing.T) {
	w := newWorld(t, writingAnswers(nil))
	b := w.browser().signIn(t, "arno")
	b.post(t, writePath, typedDraft("do", "save")...).leadsTo(writePath)
	asked, body := w.last(t, ownPostPath)
	if asked.Header.Get("If-Match") != `"3"` || !strings.Contains(body, `"text":"Count\n*twice*."`) || !strings.Contains(body, `"tags":["tills","the sea"]`) {
		t.Errorf("got %v %s", asked.Header, body)
	}
	for _, problem := range []errs.Kind{errs.Unavailable, errs.RateLimited, errs.Conflict} {
		w.answers["PATCH "+ownPostPath] = problem
		b.post(t, writePath, typedDraft()...).shows(problem.HTTPStatus(), "*twice*", `name="version" value="3"`, "Not saved.")
	}
	w.answers["PATCH "+ownPostPath] = errs.InvalidField("tags[1]", "must be a tag")
	b.post(t, writePath, typedDraft()...).shows(http.StatusUnprocessableEntity, `id="tags-error"`, "must be a tag", "*twice*")
	w.answers["PATCH "+ownPostPath] = errs.NotFound
	b.post(t, writePath, typedDraft()...).shows(http.StatusNotFound)
	b.post(t, writePath, "title", "x", "version", "new").shows(http.StatusBadRequest)
	b.post(t, writePath, typedDraft("again", "yes", "do", "submit")...).shows(http.StatusOK, "*twice*")
}

func TestWrite_submitsWhatItHasSaved(t *testing.T) {
	w := newWorld(t, writingAnswers(nil))
	b := w.browser().signIn(t, "arno")
	const submit = "/api/v1/blog/author/submit/id/" + productID
	b.post(t, writePath, typedDraft("do", "submit")...).leadsTo("/write/submitted")
	if asked, _ := w.last(t, submit); asked.Header.Get("If-Match") != `"4"` {
		t.Errorf("got %v", asked.Header)
	}
	w.answers["PUT "+submit] = errs.InvalidField("description", "is missing")
	b.post(t, writePath, typedDraft("do", "submit")...).shows(http.StatusUnprocessableEntity, "is missing", `name="version" value="4"`)
	// The second of two clicks finds that it is done.
	w.answers["PATCH "+ownPostPath] = written(object{"version": 5, "draft": false, "submitted": object{"at": "2026-03-04T05:06:07Z"}})
	b.post(t, writePath, typedDraft("do", "submit")...).leadsTo("/write/submitted")
}

// The answer to a form was lost, and it is sent again.
func TestWrite_findsWhatItHasSavedBefore(t *testing.T) {
	w := newWorld(t, writingAnswers(map[string]any{
		"PATCH " + ownPostPath: errs.New(errs.Outdated, "it has version 4"),
		"GET " + ownPostPath:   written(object{"version": 4, "text": "Count\n*twice*.", "tags": []string{"TILLS", "THE SEA"}}),
	}))
	b := w.browser().signIn(t, "arno")
	b.post(t, writePath, typedDraft("do", "save")...).leadsTo(writePath)
	b.post(t, writePath, typedDraft("do", "submit")...).leadsTo("/write/submitted")
	if asked, _ := w.last(t, "/api/v1/blog/author/submit/id/"+productID); asked.Header.Get("If-Match") != `"4"` {
		t.Errorf("got %v", asked.Header)
	}
}

// Nobody's words are lost when two windows write: the page shows both, and the author decides.
func TestWrite_showsWhatWasChangedMeanwhile(t *testing.T) {
	w := newWorld(t, writingAnswers(map[string]any{
		"PATCH " + ownPostPath: errs.New(errs.Outdated, "it has version 8"),
		"GET " + ownPostPath:   written(object{"version": 8, "title": "Why others count"}),
		"POST " + ownPostPath + "/preview": object{"html": "<p>x</p>", "changes": object{"added": 1, "removed": 1, "rows": []any{
			object{"old": []any{object{"text": "Count "}, object{"text": "once", "changed": true}}, "new": []any{object{"text": "Count "}, object{"text": "twice", "changed": true}}},
		}}},
	}))
	b := w.browser().signIn(t, "arno")
	b.post(t, writePath, typedDraft("do", "save")...).shows(http.StatusPreconditionFailed,
		"Somebody else has changed this meanwhile.", "<del>Why others count</del>", "<ins>Why we count</ins>", "<del>once</del>", "<ins>twice</ins>",
		"Save mine instead", `name="version" value="8"`, "*twice*").hides("hx-post") // typing alone must not replace the other's words
	if _, body := w.last(t, ownPostPath+"/preview"); !strings.Contains(body, `"compare":true`) {
		t.Errorf("got %s", body)
	}
}

func TestAutosave_saysWhatItHasSaved(t *testing.T) {
	w := newWorld(t, writingAnswers(nil))
	b := w.browser().signIn(t, "arno")
	b.header.Set("Hx-Request", "true")
	b.header.Set("Hx-Request-Type", "partial")
	save := func() *reply { return b.post(t, writePath+"/autosave", typedDraft()...) }
	save().shows(http.StatusOK, "Saved:", `name="version" value="4" hx-swap-oob="true"`, "<em>twice</em>").hides("<html")
	for problem, text := range map[error]string{
		errs.New(errs.Outdated, "late"):          "Compare",
		errs.New(errs.Unavailable, "down"):       "the next change tries again",
		errs.InvalidField("title", "is missing"): "title is missing.",
	} {
		w.answers["PATCH "+ownPostPath] = problem
		save().shows(http.StatusOK, "Not saved.", text).hides("<html", `name="version"`)
	}
	b.cookies = map[string]string{}
	answer := save().shows(http.StatusUnauthorized, "Not saved.", "You are not signed in any more.").hides("<html")
	if answer.Header().Get("Hx-Retarget") != "" {
		t.Errorf("it replaces the page: %v", answer.Header())
	}
	b.signIn(t, "arno").get(t, writePath+"/autosave").leadsTo(writePath)
}

func TestWrite_restoresAndRemoves(t *testing.T) {
	w := newWorld(t, writingAnswers(nil))
	b := w.browser().signIn(t, "arno")
	b.get(t, writePath+"/revisions").shows(http.StatusOK, writePath+"/revisions/2")
	b.get(t, writePath+"/revisions/2").shows(http.StatusOK, "Old &lt;b&gt;text")
	b.post(t, writePath+"/revisions/2").leadsTo(writePath)
	b.post(t, writePath+"/withdraw").leadsTo(writePath)
	b.get(t, writePath+"/withdraw").leadsTo(writePath)
	b.get(t, writePath+"/delete").shows(http.StatusOK, "It is gone for good")
	b.post(t, writePath+"/delete").leadsTo("/write")
	w.answers["DELETE "+ownPostPath] = errs.NotFound
	b.post(t, writePath+"/delete").leadsTo("/write") // a second click
	b.get(t, "/write").shows(http.StatusOK, "There is no such post of yours any more.")
	w.answers["PUT /api/v1/blog/author/withdraw/id/"+productID] = errs.Conflict
	b.post(t, writePath+"/withdraw").shows(http.StatusConflict)
}
