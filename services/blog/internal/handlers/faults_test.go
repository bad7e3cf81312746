package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stoa/internal/hostile"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/services/blog/internal/domain"
)

// A text that its author has emptied harms nobody: it is read, not submitted, and readers keep theirs.
func TestDrafts_mayBeEmptied(t *testing.T) {
	w := newWorld(t)
	p := w.published(t, full("A title"))
	w.do(t, "ada", "PATCH", "/author/id/"+p.ID, object{"text": ""})
	if got := w.do(t, "ada", "GET", "/author/id/"+p.ID, nil); got.Text != "" || !got.Draft {
		t.Errorf("its author gets %+v", got)
	}
	if got := w.titles(t, "ada", "/author/drafts"); !slices.Equal(got, []string{"A title"}) {
		t.Errorf("got %v", got)
	}
	w.ask(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "text")
	if got := w.do(t, "", "GET", "/id/"+p.ID, nil); !strings.Contains(got.HTML, "<em>text</em>") {
		t.Errorf("readers get %+v", got)
	}
}

// An entity tag of no version is not the same as none: nothing is overwritten.
func TestDrafts_haveNoVersionZero(t *testing.T) {
	w := newWorld(t)
	p := w.submitted(t, full("A title"))
	for _, etag := range []string{`"0"`, `"000"`, `"3"`, `"999999999999999999"`} {
		w.ask(t, "ada", "PATCH", "/author/id/"+p.ID, object{"text": "Another."}, etag).ExpectProblem(http.StatusPreconditionFailed, errs.Outdated, "If-Match")
		w.ask(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil, etag).ExpectProblem(http.StatusPreconditionFailed, errs.Outdated, "If-Match")
	}
	for _, etag := range []string{`*`, `W/"2"`, `"2", "3"`, `2`, `"x"`} {
		w.ask(t, "ada", "PATCH", "/author/id/"+p.ID, object{"text": "Another."}, etag).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "If-Match")
	}
	if got := w.do(t, "ada", "GET", "/author/id/"+p.ID, nil); got.Version != 2 || got.Draft {
		t.Errorf("got %+v", got)
	}
}

// The cover image is stored, and everyone who reads the post gets it.
func TestPosts_keepTheirCover(t *testing.T) {
	const cover = "https://example.org/a.jpg?size=1&x=%22"
	w := newWorld(t)
	body := full("A title")
	body["imgUrl"] = cover
	p := w.published(t, body)
	for path, who := range map[string]string{
		"/id/" + p.ID: "", "/slug/a-title": "", "/author/id/" + p.ID: "ada", "/author/id/" + p.ID + "/revisions/1": "ada", "/editor/id/" + p.ID: "edith",
	} {
		if got := w.do(t, who, "GET", path, nil); got.ImgURL != cover {
			t.Errorf("%s: got %q", path, got.ImgURL)
		}
	}
	for path, who := range map[string]string{"/list/latest": "", "/list/tag/go": "", "/author/published": "ada", "/editor/published": "edith"} {
		if got := webtest.Read[struct{ Items []post }](w.ask(t, who, "GET", path, nil), http.StatusOK).Items; len(got) != 1 || got[0].ImgURL != cover {
			t.Errorf("%s: got %+v", path, got)
		}
	}
	if feed := must.Get(validateJSON(w.fetch(t, "/feed.json").Body.Bytes()))(t); feed["items"].([]any)[0].(map[string]any)["image"] != cover {
		t.Errorf("the feed has %v", feed)
	}
}

// What is published is submitted again only with a new draft, and no act happens out of its turn.
func TestPosts_takeEachStepInItsTurn(t *testing.T) {
	w := newWorld(t)
	refuse := func(who, method, path string, body any) {
		t.Helper()
		w.ask(t, who, method, path, body).ExpectProblem(http.StatusConflict, errs.Conflict, "")
	}
	p := w.created(t, "ada", full("A title"))
	refuse("ada", "PUT", "/author/withdraw/id/"+p.ID, nil)
	w.do(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil)
	refuse("edith", "PUT", "/editor/unpublish/id/"+p.ID, nil)
	w.do(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil)
	refuse("emil", "PUT", "/editor/publish/id/"+p.ID, nil)
	refuse("emil", "PUT", "/editor/refuse/id/"+p.ID, object{"note": "Too late."})
	refuse("ada", "PUT", "/author/withdraw/id/"+p.ID, nil)
	w.do(t, "ada", "PATCH", "/author/id/"+p.ID, object{"title": "A title", "text": "The *text* of A title."}) // changes nothing
	if got := w.do(t, "ada", "GET", "/author/id/"+p.ID, nil); got.Draft || got.Version != 3 {
		t.Errorf("got %+v", got)
	}
	w.do(t, "edith", "PUT", "/editor/unpublish/id/"+p.ID, nil)
	refuse("emil", "PUT", "/editor/unpublish/id/"+p.ID, nil)
	if types := w.bus.Types(); !slices.Equal(types, []string{"post.submitted.v1", "post.published.v1", "post.unpublished.v1"}) {
		t.Errorf("published %v", types)
	}
}

// Whatever is typed for a slug, an address that has moved leads to a path of the blog and nowhere else.
func TestSlugs_leadNowhereElse(t *testing.T) {
	must.HaveTime(t)
	made := regexp.MustCompile(`\A[a-z0-9][a-z0-9_-]*\z`)
	w := newWorld(t)
	moved := 0
	for n, attack := range append([]string{"//evil.example", `\\evil.example`, "https://evil.example", "../../auth", "a%0d%0aSet-Cookie: b"}, hostile.Texts...) {
		body := full(fmt.Sprint("Post ", n))
		body["slug"] = attack
		answer := w.ask(t, "ada", "POST", "/author", body)
		if answer.Code == http.StatusConflict { // the slug of an earlier one
			continue
		}
		if answer.Code != http.StatusCreated {
			answer.ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "slug")
			continue
		}
		p := webtest.Read[post](answer, http.StatusCreated)
		if !made.MatchString(p.Slug) {
			t.Errorf("%q becomes %q", attack, p.Slug)
		}
		if moved++; moved > 20 { // the others are of the same letters
			continue
		}
		next := fmt.Sprint("next-", n)
		for _, slug := range []string{p.Slug, next} {
			w.do(t, "ada", "PATCH", "/author/id/"+p.ID, object{"slug": slug})
			w.do(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil)
			w.do(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil)
		}
		to := w.ask(t, "", "GET", "/slug/"+p.Slug, nil).Expect(http.StatusMovedPermanently).Header()
		if to.Get("Location") != base+"/slug/"+next {
			t.Errorf("%q: %q leads to %q", attack, p.Slug, to.Get("Location"))
		}
	}
	if moved < 50 {
		t.Errorf("only %d slugs", moved)
	}
}

// The same for names of tags, which may have other letters.
func TestTags_leadNowhereElse(t *testing.T) {
	w := newWorld(t)
	moved := 0
	for n, name := range []string{"//evil.example", `\\evil.example`, "https://evil.example", "../../auth", "a\r\nSet-Cookie: b", "a%0d%0aSet-Cookie: b", "?q=1#x", "ελ;=&"} {
		old := fmt.Sprint("OLD-", n)
		w.published(t, full("About "+old, old))
		answer := w.ask(t, "edith", "PUT", "/editor/tags/"+old, object{"name": name})
		if answer.Code == http.StatusConflict { // the name of an earlier one
			continue
		}
		if answer.Code != http.StatusAccepted {
			answer.ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "name")
			continue
		}
		moved++
		w.turns(t, enough)
		for path, folder := range map[string]string{base + "/list/tag/" + old: base + "/list/tag/", "/blog/tags/" + old + "/feed.atom": "/blog/tags/"} {
			header := w.Do(t, webtest.Request{Method: "GET", Path: path}).Expect(http.StatusMovedPermanently).Header()
			to := must.Get(url.Parse(header.Get("Location")))(t)
			if to.Host != "" || to.Scheme != "" || to.RawQuery+to.Fragment != "" || !strings.HasPrefix(to.Path, folder) || len(header["Set-Cookie"]) > 0 {
				t.Errorf("%q: %s leads to %q", name, path, header.Get("Location"))
			}
		}
	}
	if moved < 4 {
		t.Errorf("only %d tags", moved)
	}
}

// A cursor is a place in a list. In another list it shows only what is on that list.
func TestCursors_showNothingOfOtherLists(t *testing.T) {
	w := newWorld(t)
	for n := range 5 {
		w.published(t, full(fmt.Sprint("Public ", n)))
		w.submitted(t, full(fmt.Sprint("Waiting ", n)))
		w.created(t, "ada", full(fmt.Sprint("Secret ", n)))
		w.created(t, "ben", full(fmt.Sprint("Draft of Ben ", n)))
	}
	shown := 0
	for path, want := range map[string]struct{ who, only string }{
		"/list/latest": {"", "Public "}, "/list/tag/go": {"", "Public "}, "/list/author/" + callers["ada"].ID: {"", "Public "},
		"/author/drafts": {"ben", "Draft of Ben "}, "/author/published": {"ada", "Public "}, "/author/submitted": {"ada", "Waiting "},
		"/editor/submitted": {"edith", "Waiting "}, "/editor/published": {"edith", "Public "},
	} {
		for cursor := range 30 {
			answer := w.ask(t, want.who, "GET", fmt.Sprint(path, "?cursor=", cursor+1), nil)
			if answer.Code != http.StatusOK {
				answer.ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "cursor")
				continue
			}
			for _, p := range webtest.Read[struct{ Items []post }](answer, http.StatusOK).Items {
				if shown++; !strings.HasPrefix(p.Title, want.only) {
					t.Errorf("%s shows %q", path, p.Title)
				}
			}
		}
	}
	if shown == 0 {
		t.Error("nothing was shown")
	}
}

// A month is one of UTC, and that in which the post became public: a revision moves it nowhere.
func TestMonths_areThoseOfTheFirstPublication(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		time.Sleep(time.Until(time.Date(2000, 2, 1, 0, 0, 0, 0, time.UTC)) - time.Second)
		p := w.published(t, full("January"))
		time.Sleep(2 * time.Second)
		w.published(t, full("February"))
		w.do(t, "ada", "PATCH", "/author/id/"+p.ID, object{"text": "Revised."})
		w.do(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil)
		w.do(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil)
		for month, want := range map[string][]string{"2000-01": {"January"}, "2000-02": {"February"}, "2000-03": {}} {
			if got := w.titles(t, "", "/list/month/"+month); !slices.Equal(got, want) {
				t.Errorf("%s: got %v, want %v", month, got, want)
			}
		}
	})
}

// What was approved for later and is deleted before then never appears.
func TestSchedule_leavesDeletedPostsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.submitted(t, full("Tomorrow"))
		w.do(t, "edith", "PUT", "/editor/publish/id/"+p.ID, object{"publishAt": time.Now().Add(time.Hour)})
		w.ask(t, "ada", "DELETE", "/author/id/"+p.ID, nil).Expect(http.StatusNoContent)
		time.Sleep(2 * time.Hour)
		must.Do(t, w.review.CatchUp(t.Context()))
		w.ask(t, "", "GET", "/id/"+p.ID, nil).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
		if types := w.bus.Types(); !slices.Equal(types, []string{"post.submitted.v1"}) {
			t.Errorf("published %v", types)
		}
	})
}

// A post may be deleted while somebody comments: the comment is taken or not, nobody reads it, and nothing is left to do.
func TestComments_goWithADeletedPost(t *testing.T) {
	for range 20 {
		w := newWorld(t)
		p := w.published(t, full("A title"))
		codes := webtest.Together(2, func(i int) int {
			if i == 0 {
				return w.write(t, "rita", "k", p.ID, "A text", "").Code
			}
			return w.ask(t, "ada", "DELETE", "/author/id/"+p.ID, nil).Code
		})
		if !slices.Contains([]int{http.StatusCreated, http.StatusNotFound}, codes[0]) || codes[1] != http.StatusNoContent {
			t.Fatalf("got %v", codes)
		}
		must.Do(t, w.talk.CatchUp(t.Context()))
		must.Do(t, w.review.CatchUp(t.Context()))
		w.ask(t, "", "GET", "/id/"+p.ID+"/comments", nil).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
		left, _, err := w.stores.Comments.List(t.Context(), domain.Unfinished, "", 10, func(c domain.Comment) bool { return c.Unfinished() })
		if err != nil || len(left) > 0 {
			t.Errorf("left are %+v, error %v", left, err)
		}
	}
}
