package handlers_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web/webtest"
)

func TestDrafts_areChangedFieldByField(t *testing.T) {
	w := newWorld(t)
	p := w.created(t, "ada", object{"title": "A title"})
	for _, body := range []object{
		{"description": "About it"}, {"text": "One."}, {"tags": []string{"go", "Go", "sea side"}}, {"imgUrl": "https://example.org/a.jpg"},
		{"title": "Another title"}, {"slug": "My Slug"},
	} {
		p = w.do(t, "ada", "PATCH", "/author/id/"+p.ID, body)
	}
	got := w.do(t, "ada", "GET", "/author/id/"+p.ID, nil)
	if got.Title != "Another title" || got.Description != "About it" || got.Text != "One." || got.ImgURL != "https://example.org/a.jpg" ||
		got.Slug != "my-slug" || !slices.Equal(got.Tags, []string{"GO", "SEA-SIDE"}) || got.Version != 7 || got.Status != "draft" {
		t.Errorf("got %+v", got)
	}
	p = w.do(t, "ada", "PATCH", "/author/id/"+p.ID, object{"description": "", "text": "", "slug": "", "tags": []string{}, "imgUrl": ""})
	if p.Description+p.Text+p.Slug+p.ImgURL != "" || len(p.Tags) > 0 || p.Title != "Another title" {
		t.Errorf("got %+v", p)
	}
}

// Two pages that save while their author types: the second learns that the first was quicker, and nothing is lost.
func TestDrafts_loseNoEditThatCameInBetween(t *testing.T) {
	w := newWorld(t)
	p := w.created(t, "ada", object{"title": "A title"})
	path, first := "/author/id/"+p.ID, `"1"`
	if etag := w.ask(t, "ada", "GET", path, nil).Header().Get("ETag"); etag != first {
		t.Fatalf("got %s", etag)
	}
	saved := w.ask(t, "ada", "PATCH", path, object{"text": "One."}, first)
	if etag := saved.Expect(http.StatusOK).Header().Get("ETag"); etag != `"2"` {
		t.Errorf("got %s", etag)
	}
	w.ask(t, "ada", "PATCH", path, object{"text": "Two."}, `"0"`).ExpectProblem(http.StatusPreconditionFailed, errs.Outdated, "If-Match")
	stale := w.ask(t, "ada", "PATCH", path, object{"text": "Two."}, first)
	stale.ExpectProblem(http.StatusPreconditionFailed, errs.Outdated, "If-Match")
	if !strings.Contains(stale.Body.String(), `\"2\"`) {
		t.Errorf("it does not name the current version: %s", stale.Body)
	}
	// The answer to the first was lost, and it comes again.
	w.do(t, "ada", "PATCH", path, object{"text": "One."}, first)
	if got := w.do(t, "ada", "GET", path, nil); got.Text != "One." || got.Version != 2 {
		t.Errorf("got %+v", got)
	}
	// A page that saves once more after its author has submitted the text begins no draft.
	waiting := w.submitted(t, full("Waiting"))
	if got := w.do(t, "ada", "PATCH", "/author/id/"+waiting.ID, object{"text": "The *text* of Waiting.", "title": "Waiting"}); got.Draft || got.Version != 2 {
		t.Errorf("got %+v", got)
	}
	for _, path := range []string{"/author/submit/id/", "/author/withdraw/id/"} {
		w.ask(t, "ada", "PUT", path+p.ID, nil, first).ExpectProblem(http.StatusPreconditionFailed, errs.Outdated, "If-Match")
	}
	w.ask(t, "ada", "DELETE", "/author/id/"+p.ID, nil, first).ExpectProblem(http.StatusPreconditionFailed, errs.Outdated, "If-Match")
	for _, header := range [][]string{{""}, {`"1"`, `"2"`}} {
		w.Do(t, webtest.Request{Method: "DELETE", Path: base + path, Token: "ada", Header: http.Header{"If-Match": header}}).
			ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "If-Match")
	}
}

func TestDrafts_refuseWhatCannotBeStored(t *testing.T) {
	w := newWorld(t)
	path := "/author/id/" + w.created(t, "ada", object{"title": "A title"}).ID
	for name, tt := range map[string]struct {
		body  object
		field string
	}{
		"a title of spaces":        {object{"title": "     "}, "title"},
		"a title of two letters":   {object{"title": "ab"}, "title"},
		"a title of two lines":     {object{"title": "one\ntwo"}, "title"},
		"a long title":             {object{"title": strings.Repeat("a", 501)}, "title"},
		"a hidden description":     {object{"description": "\u202eabc"}, "description"},
		"a slug of punctuation":    {object{"slug": "???"}, "slug"},
		"a tag of punctuation":     {object{"tags": []string{"go", "!!"}}, "tags[1]"},
		"eleven tags":              {object{"tags": strings.Split("a b c d e f g h i j k", " ")}, "tags"},
		"a script for an image":    {object{"imgUrl": "javascript:alert(1)"}, "imgUrl"},
		"data for an image":        {object{"imgUrl": "data:image/png;base64,AAAA"}, "imgUrl"},
		"a NUL":                    {object{"text": "a\x00b"}, "text"},
		"a text of 50,001 letters": {object{"text": strings.Repeat("a", 50_001)}, "text"},
		"an unknown field":         {object{"author": "ben"}, "author"},
	} {
		t.Run(name, func(t *testing.T) {
			w.ask(t, "ada", "PATCH", path, tt.body).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, tt.field)
		})
	}
	w.ask(t, "ada", "PATCH", path, object{"text": strings.Repeat("a", 10<<20)}).ExpectProblem(http.StatusRequestEntityTooLarge, errs.TooLarge, "")
	w.do(t, "ada", "PATCH", path, object{"text": strings.Repeat("π", 50_000)})
}

func TestSubmit_namesWhatIsMissing(t *testing.T) {
	w := newWorld(t)
	p := w.created(t, "ada", object{"title": "A title", "text": " \n "})
	answer := w.ask(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil)
	answer.ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "description")
	for _, field := range []string{"text", "tags"} {
		answer.ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, field)
	}
	body := full("Too deep")
	body["text"] = strings.Repeat("> ", 5000) + "x"
	p = w.created(t, "ada", body)
	w.ask(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "text")
}

func TestSlugs_areEachOnePosts(t *testing.T) {
	w := newWorld(t)
	first := w.published(t, full("The same title"))
	for i, want := range []string{"the-same-title-2", "the-same-title-3"} {
		if p := w.submitted(t, full("The same title")); p.Slug != want {
			t.Errorf("%d: got %s, want %s", i, p.Slug, want)
		}
	}
	body := full("Another title")
	body["slug"] = "THE same title"
	w.ask(t, "ben", "POST", "/author", body).ExpectProblem(http.StatusConflict, errs.Conflict, "")
	body["slug"] = first.ID
	if p := w.submitted(t, body); p.Slug != "post-"+first.ID {
		t.Errorf("a slug that is the id of another post became %s", p.Slug)
	}
	if p := w.submitted(t, full("???")); !strings.HasPrefix(p.Slug, "post-") {
		t.Errorf("a title without letters got the slug %q", p.Slug)
	}
	long := w.published(t, full(strings.Repeat("long ", 90)))
	if got := w.do(t, "", "GET", "/slug/"+long.Slug, nil); got.ID != long.ID {
		t.Errorf("got %s by %s", got.ID, long.Slug)
	}
}

// Whoever follows an old address finds the post, for ever.
func TestSlugs_leadToThePostForEver(t *testing.T) {
	w := newWorld(t)
	p := w.published(t, full("One"))
	for _, slug := range []string{"two", "three", "one"} {
		w.do(t, "ada", "PATCH", "/author/id/"+p.ID, object{"slug": slug})
		w.do(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil)
		w.ask(t, "", "GET", "/slug/"+slug, nil) // not before it is published, see below
		w.do(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil)
	}
	for _, slug := range []string{"two", "three", "ONE"} {
		answer := w.ask(t, "", "GET", "/slug/"+slug, nil).Expect(http.StatusMovedPermanently)
		if to := answer.Header().Get("Location"); to != base+"/slug/one" || answer.Header().Get("Cache-Control") != "no-store" || answer.Body.Len() > 0 {
			t.Errorf("%s: got %v", slug, answer.Header())
		}
	}
	w.do(t, "", "GET", "/slug/one", nil)

	w.do(t, "ada", "PATCH", "/author/id/"+p.ID, object{"slug": "four"})
	w.do(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil)
	w.ask(t, "", "GET", "/slug/four", nil).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	w.ask(t, "ben", "POST", "/author", object{"title": "Mine", "slug": "two"}).ExpectProblem(http.StatusConflict, errs.Conflict, "")
	w.ask(t, "ada", "DELETE", "/author/id/"+p.ID, nil).Expect(http.StatusNoContent)
	for _, slug := range []string{"one", "two"} {
		w.ask(t, "", "GET", "/slug/"+slug, nil).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
		w.ask(t, "ben", "POST", "/author", object{"title": "Mine", "slug": slug}).ExpectProblem(http.StatusConflict, errs.Conflict, "")
	}
}

// Many authors submit posts of one title at the same time: each gets a slug of its own.
func TestSlugs_areSharedOutInACrowd(t *testing.T) {
	const crowd = 8
	w := newWorld(t)
	slugs := webtest.Together(crowd, func(int) string { return w.submitted(t, full("A title")).Slug })
	slices.Sort(slugs)
	if len(slices.Compact(slugs)) != crowd {
		t.Errorf("got %v", slugs)
	}
}

func TestRevisions_areListedShownAndRestored(t *testing.T) {
	w := newWorld(t)
	p := w.submitted(t, full("One"))
	w.do(t, "ada", "PUT", "/author/withdraw/id/"+p.ID, nil)
	w.do(t, "ada", "PATCH", "/author/id/"+p.ID, object{"title": "Two", "text": "Second."})
	p = w.do(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil)
	w.do(t, "ada", "PATCH", "/author/id/"+p.ID, object{"title": "Three", "text": "Third."})
	path := "/author/id/" + p.ID + "/revisions"
	if got := w.titles(t, "ada", path); !slices.Equal(got, []string{"Two", "One"}) {
		t.Errorf("got %v", got)
	}
	if got := w.do(t, "ada", "GET", path+"/1", nil); got.Title != "One" || got.Text != "The *text* of One." || got.Revision != 1 {
		t.Errorf("got %+v", got)
	}
	for range 2 { // the second may be a repeated request
		restored := w.do(t, "ada", "POST", path+"/1/restore", nil)
		if restored.Title != "One" || restored.Text != "The *text* of One." || !restored.Draft {
			t.Errorf("got %+v", restored)
		}
	}
	if got := w.titles(t, "ada", path); !slices.Equal(got, []string{"Three", "Two", "One"}) {
		t.Errorf("the draft was lost: got %v", got)
	}
	w.ask(t, "ada", "POST", path+"/77/restore", nil).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	if got := w.do(t, "edith", "GET", "/editor/id/"+p.ID, nil); got.Title != "Two" || got.Text != "Second." {
		t.Errorf("an editor sees %+v", got)
	}
}

// A draft that shares its text with a revision is not that revision: its title may be another one.
func TestRevisions_keepADraftOfWhichOnlyTheTitleChanged(t *testing.T) {
	w := newWorld(t)
	p := w.submitted(t, full("One"))
	path := "/author/id/" + p.ID
	w.do(t, "ada", "PUT", "/author/withdraw/id/"+p.ID, nil)
	w.do(t, "ada", "PATCH", path, object{"title": "Two"})
	w.do(t, "ada", "POST", path+"/revisions/1/restore", nil)
	if got := w.titles(t, "ada", path+"/revisions"); !slices.Equal(got, []string{"Two", "One"}) {
		t.Errorf("the draft was lost: got %v", got)
	}
	// Restored again after another edit, it is not a repeated request.
	w.do(t, "ada", "PATCH", path, object{"title": "Three"})
	if got := w.do(t, "ada", "POST", path+"/revisions/1/restore", nil); got.Title != "One" || got.Text != "The *text* of One." {
		t.Errorf("got %+v", got)
	}
	if got := w.titles(t, "ada", path+"/revisions"); !slices.Equal(got, []string{"Three", "Two", "One"}) {
		t.Errorf("the draft was lost: got %v", got)
	}
}

func TestPosts_ofOthersDoNotExist(t *testing.T) {
	w := newWorld(t)
	p := w.submitted(t, full("A title"))
	for _, r := range []struct {
		method, path string
		body         any
	}{
		{"GET", "/author/id/" + p.ID, nil}, {"PATCH", "/author/id/" + p.ID, object{"text": "Mine."}}, {"DELETE", "/author/id/" + p.ID, nil},
		{"PUT", "/author/submit/id/" + p.ID, nil}, {"PUT", "/author/withdraw/id/" + p.ID, nil}, {"GET", "/author/id/" + p.ID + "/revisions", nil},
		{"GET", "/author/id/" + p.ID + "/revisions/1", nil}, {"POST", "/author/id/" + p.ID + "/revisions/1/restore", nil},
	} {
		w.ask(t, "ben", r.method, r.path, r.body).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
		w.ask(t, "edith", r.method, r.path, r.body).ExpectProblem(http.StatusForbidden, errs.Forbidden, "")
		w.ask(t, "", r.method, r.path, r.body).ExpectProblem(http.StatusUnauthorized, errs.Unauthenticated, "")
	}
	if got := w.titles(t, "ben", "/author/submitted"); len(got) > 0 {
		t.Errorf("got %v", got)
	}
}

// The broker is down: the author is told, nothing is lost, and the schedule publishes the event.
func TestSubmit_whileTheBrokerIsDownIsFinishedLater(t *testing.T) {
	w := newWorld(t)
	p := w.created(t, "ada", full("A title"))
	w.bus.Before = func(string) error { return errors.New("down") }
	w.ask(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil).ExpectProblem(http.StatusServiceUnavailable, errs.Unavailable, "")
	w.bus.Before = nil
	for range 2 {
		if err := w.review.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if types := w.bus.Types(); !slices.Equal(types, []string{"post.submitted.v1"}) {
		t.Errorf("published %v", types)
	}
}
