package handlers_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
)

// Readers keep the published text until an editor has published the revision.
func TestReview_ofAPublishedPostLeavesReadersTheirs(t *testing.T) {
	w := newWorld(t)
	p := w.published(t, full("Old title"))
	w.do(t, "ada", "PATCH", "/author/id/"+p.ID, object{"title": "New title", "text": "The *text* of New title.", "tags": []string{"Sea"}})
	edited := w.do(t, "ada", "GET", "/author/id/"+p.ID, nil)
	if edited.Status != "published" || !edited.Draft || edited.Title != "New title" {
		t.Errorf("got %+v", edited)
	}
	w.do(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil)
	if got := w.do(t, "", "GET", "/id/"+p.ID, nil); got.Title != "Old title" || !slices.Equal(w.titles(t, "", "/list/tag/go"), []string{"Old title"}) {
		t.Errorf("readers get %+v", got)
	}
	shown := w.do(t, "edith", "GET", "/editor/id/"+p.ID, nil)
	if shown.Title != "New title" || shown.Changes == nil || shown.Changes.Added != 1 || shown.Changes.Removed != 1 || !strings.Contains(shown.HTML, "New title") {
		t.Errorf("an editor sees %+v", shown)
	}
	w.do(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil)
	got := w.do(t, "", "GET", "/id/"+p.ID, nil)
	if got.Title != "New title" || !got.PublishedAt.Equal(p.Published.At) || !got.RevisedAt.After(got.PublishedAt) || got.Slug != "old-title" {
		t.Errorf("readers get %+v", got)
	}
	if old, now := w.titles(t, "", "/list/tag/go"), w.titles(t, "", "/list/tag/sea"); len(old) > 0 || !slices.Equal(now, []string{"New title"}) {
		t.Errorf("got %v and %v", old, now)
	}
	if all := w.titles(t, "", "/list/latest"); !slices.Equal(all, []string{"New title"}) {
		t.Errorf("got %v", all)
	}
}

func TestReview_givesAuthorsTheReason(t *testing.T) {
	w := newWorld(t)
	p := w.submitted(t, full("A title"))
	w.ask(t, "edith", "PUT", "/editor/refuse/id/"+p.ID, object{}).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "note")
	w.do(t, "edith", "PUT", "/editor/refuse/id/"+p.ID, object{"note": "Who counts?"})
	got := w.do(t, "ada", "GET", "/author/id/"+p.ID, nil)
	if got.Refusal == nil || got.Refusal.Note != "Who counts?" || got.Refusal.By != callers["edith"].ID || got.Status != "draft" || got.Text == "" {
		t.Errorf("got %+v", got)
	}
	// The other editor sees who decided what.
	seen := w.do(t, "emil", "GET", "/editor/id/"+p.ID, nil)
	if acts := acts(seen); !slices.Equal(acts, []string{"submitted", "refused"}) || seen.History[1].Note != "Who counts?" {
		t.Errorf("got %+v", seen)
	}
	w.ask(t, "emil", "PUT", "/editor/publish/id/"+p.ID, nil).ExpectProblem(http.StatusConflict, errs.Conflict, "")
	// What the author writes meanwhile is the author's.
	w.do(t, "ada", "PATCH", "/author/id/"+p.ID, object{"title": "A secret"})
	if answer := w.ask(t, "emil", "GET", "/editor/id/"+p.ID, nil); strings.Contains(answer.Body.String(), "secret") {
		t.Errorf("an editor sees the draft: %s", answer.Body)
	}
	resubmitted := w.do(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil)
	if resubmitted.Refusal != nil {
		t.Errorf("got %+v", resubmitted)
	}
}

func acts(p post) []string {
	var all []string
	for _, s := range p.History {
		all = append(all, s.Act)
	}
	return all
}

func TestReview_isOfWhatWasSubmitted(t *testing.T) {
	w := newWorld(t)
	draft := w.created(t, "ada", full("A draft"))
	for _, r := range []string{"/editor/publish/id/", "/editor/unpublish/id/"} {
		w.ask(t, "edith", "PUT", r+draft.ID, nil).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	}
	w.ask(t, "edith", "GET", "/editor/id/"+draft.ID, nil).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	p := w.submitted(t, full("A title"))
	read := w.ask(t, "edith", "GET", "/editor/id/"+p.ID, nil).Expect(http.StatusOK).Header().Get("ETag")
	w.do(t, "ada", "PATCH", "/author/id/"+p.ID, object{"text": "Something else."})
	w.do(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil)
	w.ask(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil, read).ExpectProblem(http.StatusPreconditionFailed, errs.Outdated, "If-Match")
	w.ask(t, "edith", "PUT", "/editor/unpublish/id/"+p.ID, nil).ExpectProblem(http.StatusConflict, errs.Conflict, "")
}

// One of two editors decides, and the other is told.
func TestReview_isDecidedByOneEditor(t *testing.T) {
	for range 20 {
		w := newWorld(t)
		p := w.submitted(t, full("A title"))
		editors := []string{"edith", "emil"}
		codes := webtest.Together(2, func(i int) int { return w.ask(t, editors[i], "PUT", "/editor/publish/id/"+p.ID, nil).Code })
		slices.Sort(codes)
		if !slices.Equal(codes, []int{http.StatusOK, http.StatusConflict}) {
			t.Fatalf("got %v", codes)
		}
		if types := w.bus.Types(); !slices.Equal(types, []string{"post.submitted.v1", "post.published.v1"}) {
			t.Errorf("published %v", types)
		}
	}
}

// An author who writes on while an editor publishes: what was submitted becomes public, and the edit is a draft.
func TestReview_losesNoEditOfTheAuthor(t *testing.T) {
	for range 20 {
		w := newWorld(t)
		p := w.submitted(t, full("A title"))
		codes := webtest.Together(2, func(i int) int {
			if i == 0 {
				return w.ask(t, "ada", "PATCH", "/author/id/"+p.ID, object{"text": "Edited."}).Code
			}
			return w.ask(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil).Code
		})
		own, public := w.do(t, "ada", "GET", "/author/id/"+p.ID, nil), w.do(t, "", "GET", "/id/"+p.ID, nil)
		if !slices.Equal(codes, []int{200, 200}) || own.Text != "Edited." || !own.Draft || strings.Contains(public.HTML, "Edited") {
			t.Fatalf("got %v, %+v, %+v", codes, own, public)
		}
	}
}

func TestPosts_areGoneWhenTheyAreUnpublishedOrDeleted(t *testing.T) {
	for name, end := range map[string]operation{"unpublished": operations["unpublish"], "deleted": operations["delete"]} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p := w.published(t, full("A title"))
			for range 2 { // the second is a repeated request
				if answer := end.send(t, w, p.ID); answer.Code >= 300 {
					t.Fatalf("got %d %s", answer.Code, answer.Body)
				}
			}
			for _, path := range []string{"/id/" + p.ID, "/slug/a-title", "/list/similar/id/" + p.ID} {
				w.ask(t, "", "GET", path, nil).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
			}
			if got := w.titles(t, "", "/list/latest"); len(got) > 0 {
				t.Errorf("got %v", got)
			}
			if types := w.bus.Types(); !slices.Equal(types[2:], []string{"post.unpublished.v1"}) {
				t.Errorf("published %v", types)
			}
			left := w.ask(t, "ada", "GET", "/author/id/"+p.ID, nil).Code
			if want := map[string]int{"unpublished": 200, "deleted": 404}[name]; left != want {
				t.Errorf("its author gets %d, want %d", left, want)
			}
		})
	}
}

func TestSchedule_publishesWhenTheTimeHasCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p, other := w.submitted(t, full("Tomorrow")), w.submitted(t, full("Never"))
		at := time.Now().Add(24 * time.Hour).UTC()
		for _, id := range []string{p.ID, other.ID} {
			for range 2 { // the second is a repeated request
				got := w.do(t, "edith", "PUT", "/editor/publish/id/"+id, object{"publishAt": at})
				if got.Status != "scheduled" || !got.Submitted.PublishAt.Equal(at) {
					t.Errorf("got %+v", got)
				}
			}
		}
		w.do(t, "ada", "PUT", "/author/withdraw/id/"+other.ID, nil)
		time.Sleep(24*time.Hour - time.Second)
		must.Do(t, w.review.CatchUp(t.Context()))
		w.ask(t, "", "GET", "/id/"+p.ID, nil).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
		time.Sleep(2 * time.Second)
		for range 2 {
			must.Do(t, w.review.CatchUp(t.Context()))
		}
		if got := w.titles(t, "", "/list/latest"); !slices.Equal(got, []string{"Tomorrow"}) {
			t.Errorf("got %v", got)
		}
		if got := acts(w.do(t, "emil", "GET", "/editor/id/"+p.ID, nil)); !slices.Equal(got, []string{"submitted", "scheduled", "published"}) {
			t.Errorf("got %v", got)
		}
		if n := strings.Count(strings.Join(w.bus.Types(), " "), "post.published.v1"); n != 1 {
			t.Errorf("published %v", w.bus.Types())
		}
	})
}

// Posts that wait for a day which is far away do not keep the schedule from what is due.
func TestSchedule_spendsNothingOnWhatIsNotDue(t *testing.T) {
	w := newWorld(t)
	for n := range 20 {
		p := w.submitted(t, full(fmt.Sprintf("Post %d", n)))
		w.do(t, "edith", "PUT", "/editor/publish/id/"+p.ID, object{"publishAt": time.Now().Add(time.Hour)})
	}
	reads := 0
	w.states.Before = func(string, string) error { reads++; return nil }
	must.Do(t, w.review.CatchUp(t.Context()))
	if reads > 21 {
		t.Errorf("it took %d reads", reads)
	}
}

// An editor who takes a post away does not want to see it again because of an earlier approval.
func TestSchedule_endsWhenThePostIsUnpublished(t *testing.T) {
	w := newWorld(t)
	p := w.published(t, full("A title"))
	w.do(t, "ada", "PATCH", "/author/id/"+p.ID, object{"text": "Revised."})
	w.do(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil)
	w.do(t, "edith", "PUT", "/editor/publish/id/"+p.ID, object{"publishAt": time.Now().Add(time.Hour)})
	w.do(t, "emil", "PUT", "/editor/unpublish/id/"+p.ID, object{"note": "Wrong."})
	if got := w.do(t, "ada", "GET", "/author/id/"+p.ID, nil); got.Status != "submitted" || !got.Submitted.PublishAt.IsZero() {
		t.Errorf("got %+v", got)
	}
}

func TestSchedule_isWithinAYear(t *testing.T) {
	w := newWorld(t)
	p := w.submitted(t, full("A title"))
	far := object{"publishAt": time.Now().Add(400 * 24 * time.Hour)}
	w.ask(t, "edith", "PUT", "/editor/publish/id/"+p.ID, far).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "publishAt")
	if got := w.do(t, "edith", "PUT", "/editor/publish/id/"+p.ID, object{"publishAt": time.Now().Add(-time.Hour)}); got.Status != "published" {
		t.Errorf("got %+v", got)
	}
}
