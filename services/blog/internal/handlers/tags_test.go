package handlers_test

import (
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/services/blog/internal/domain"
)

// job is a job as editors see it.
type job struct {
	ID, Kind, Tag, Into, State, Reason string
	Changed, Left                      int
}

// begin asks for a job as Edith, and returns its id.
func (w *world) begin(t *testing.T, method, target string, body any) string {
	t.Helper()
	answer := w.ask(t, "edith", method, target, body).Expect(http.StatusAccepted)
	return path.Base(answer.Header().Get("Location"))
}

// job returns a job.
func (w *world) job(t *testing.T, id string) job {
	t.Helper()
	return webtest.Read[job](w.ask(t, "edith", "GET", "/editor/jobs/"+id, nil), http.StatusOK)
}

// turns lets the schedule call the service so many times.
func (w *world) turns(t *testing.T, n int) {
	t.Helper()
	for range n {
		w.now = w.now.Add(10 * time.Second)
		must.Do(t, w.review.CatchUp(t.Context()))
		must.Do(t, w.tagging.CatchUp(t.Context()))
	}
}

// enough is how many turns a small job takes, with one to spare.
const enough = 4

// counts returns the tags that readers see, with their counts and descriptions, in the order of their names.
func (w *world) counts(t *testing.T) string {
	t.Helper()
	var all []string
	for cursor := ""; ; {
		page := webtest.Read[struct {
			Items []struct {
				Tag, Description string
				Count            int
			}
			Next string
		}](w.ask(t, "", "GET", "/tags?limit=2&cursor="+cursor, nil), http.StatusOK)
		for _, tag := range page.Items {
			all = append(all, strings.TrimSpace(fmt.Sprintf("%s:%d %s", tag.Tag, tag.Count, tag.Description)))
		}
		if cursor = page.Next; cursor == "" {
			slices.Sort(all)
			return strings.Join(all, ", ")
		}
	}
}

func (w *world) expectCounts(t *testing.T, want string) {
	t.Helper()
	if got := w.counts(t); got != want {
		t.Errorf("the tags are %s, want %s", got, want)
	}
}

func TestTags_areCountedAsPostsComeAndGo(t *testing.T) {
	w := newWorld(t)
	w.submitted(t, full("Waiting", "Go"))
	w.expectCounts(t, "")
	p := w.published(t, full("One", "Go", "Sea"))
	w.published(t, full("Two", "Go"))
	w.expectCounts(t, "GO:2, SEA:1")
	w.do(t, "edith", "PUT", "/editor/tags/sea", object{"description": "Ships and salt"})
	w.do(t, "edith", "PUT", "/editor/unpublish/id/"+p.ID, nil)
	w.expectCounts(t, "GO:1, SEA:0 Ships and salt")
	w.do(t, "ada", "PATCH", "/author/id/"+p.ID, object{"tags": []string{"go", "Tills"}})
	w.do(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil)
	w.do(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil)
	w.expectCounts(t, "GO:2, SEA:0 Ships and salt, TILLS:1")
	w.ask(t, "ada", "DELETE", "/author/id/"+p.ID, nil).Expect(http.StatusNoContent)
	w.expectCounts(t, "GO:1, SEA:0 Ships and salt")
}

// A tag forgets which posts it has counted, once nobody can come with them again.
func TestTags_forgetWhatTheyHaveCounted(t *testing.T) {
	must.HaveTime(t)
	w := newWorld(t)
	for n := range 120 {
		w.published(t, full(fmt.Sprintf("Post %d", n)))
	}
	old := time.Now().Add(-time.Hour)
	must.Get(w.stores.Tags.Upsert(t.Context(), "GO", func(tag *domain.Tag) error {
		for id, mark := range tag.Recent {
			tag.Recent[id] = domain.Mark{Number: mark.Number, At: old}
		}
		return nil
	}))(t)
	w.published(t, full("The last one"))
	if tag := must.Get(w.stores.Tags.Get(t.Context(), "GO"))(t); tag.Count != 121 || len(tag.Recent) > 1 {
		t.Errorf("%d posts, and %d marks", tag.Count, len(tag.Recent))
	}
}

// A draft that a job has not come to yet is submitted with the new tag: the job may have passed the public posts already.
func TestTags_ofWhatIsSubmittedAreThoseOfNow(t *testing.T) {
	w := newWorld(t)
	p := w.created(t, "ada", full("A title", "Go", "Sea"))
	w.begin(t, "PUT", "/editor/tags/go", object{"name": "Golang"})
	if p = w.do(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil); !slices.Equal(p.Tags, []string{"GOLANG", "SEA"}) {
		t.Errorf("got %v", p.Tags)
	}
}

func TestTags_areRenamedEverywhere(t *testing.T) {
	w := newWorld(t)
	w.do(t, "edith", "PUT", "/editor/tags/go", object{"description": "The language"})
	public := w.published(t, full("Public", "Go", "Sea"))
	w.do(t, "ada", "PATCH", "/author/id/"+public.ID, object{"text": "More."})
	waiting, draft := w.submitted(t, full("Waiting", "Sea", "Go")), w.created(t, "ben", full("Draft", "Go"))
	id := w.begin(t, "PUT", "/editor/tags/Go", object{"name": "Golang"})
	if got := w.job(t, id); got.Kind != "rename" || got.Tag != "GO" || got.Into != "GOLANG" || got.State != "running" || got.Left != 1 {
		t.Errorf("got %+v", got)
	}
	// From now on the new name takes the place of the old one in all requests.
	late := w.created(t, "ben", full("Late", "go", "golang"))
	if !slices.Equal(late.Tags, []string{"GOLANG"}) {
		t.Errorf("got %v", late.Tags)
	}
	if got := w.titles(t, "", "/list/tag/go"); !slices.Equal(got, []string{"Public"}) { // until it is moved
		t.Errorf("got %v", got)
	}
	w.turns(t, enough)
	if got := w.job(t, id); got.State != "done" || got.Changed != 3 || got.Left != 0 {
		t.Errorf("got %+v", got)
	}
	for who, p := range map[string]post{"ada": waiting, "ben": draft} {
		if got := w.do(t, who, "GET", "/author/id/"+p.ID, nil); !slices.Contains(got.Tags, "GOLANG") || slices.Contains(got.Tags, "GO") || got.Version != p.Version+1 {
			t.Errorf("got %+v", got)
		}
	}
	if got := w.do(t, "edith", "GET", "/editor/id/"+waiting.ID, nil); !slices.Equal(got.Tags, []string{"SEA", "GOLANG"}) {
		t.Errorf("an editor sees %v", got.Tags)
	}
	got := w.do(t, "", "GET", "/id/"+public.ID, nil)
	if !slices.Equal(got.Tags, []string{"GOLANG", "SEA"}) || !got.RevisedAt.Equal(public.Published.RevisedAt) {
		t.Errorf("readers see %+v", got)
	}
	w.expectCounts(t, "GOLANG:1 The language, SEA:1")
	moved := w.ask(t, "", "GET", "/list/tag/go", nil).Expect(http.StatusMovedPermanently)
	if to := moved.Header().Get("Location"); to != base+"/list/tag/GOLANG" || moved.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("got %v", moved.Header())
	}
	// What has not changed since the tag did is published as it is; a restored revision gets the new name.
	w.do(t, "edith", "PUT", "/editor/publish/id/"+waiting.ID, nil)
	restored := w.do(t, "ada", "POST", fmt.Sprintf("/author/id/%s/revisions/%d/restore", waiting.ID, waiting.Submitted.Revision), nil)
	if !slices.Equal(restored.Tags, []string{"SEA", "GOLANG"}) {
		t.Errorf("got %v", restored.Tags)
	}
	w.expectCounts(t, "GOLANG:2 The language, SEA:2")
}

// A version that was read before a job changed the post is refused, as after any other change.
func TestTags_areNoReasonToLoseAnEdit(t *testing.T) {
	w := newWorld(t)
	p := w.submitted(t, full("A title", "Go"))
	before := fmt.Sprintf(`"%d"`, p.Version)
	w.begin(t, "PUT", "/editor/tags/Go", object{"name": "Golang"})
	w.turns(t, enough)
	w.ask(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil, before).ExpectProblem(http.StatusPreconditionFailed, errs.Outdated, "If-Match")
	w.ask(t, "ada", "PATCH", "/author/id/"+p.ID, object{"text": "Other."}, before).ExpectProblem(http.StatusPreconditionFailed, errs.Outdated, "If-Match")
	w.do(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil)
	// The act is done: the same request, with the version that it was about, succeeds, although a job has changed the post since.
	published := w.do(t, "edith", "GET", "/editor/id/"+p.ID, nil)
	w.begin(t, "PUT", "/editor/tags/Golang", object{"name": "Go"})
	w.turns(t, enough)
	w.do(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil, fmt.Sprintf(`"%d"`, published.Version-1))
	w.expectCounts(t, "GO:1")
}

// Somebody who has read the tags before a job begins may store a post with the old one after the job has looked at all posts.
func TestTags_reachPostsThatAreStoredLate(t *testing.T) {
	w := newWorld(t)
	w.published(t, full("Public", "Go"))
	draft := w.created(t, "ada", full("Draft", "Sea"))
	id := ""
	w.states.Before = func(operation, key string) error {
		if operation == "save" && key == "post:"+draft.ID {
			w.states.Before = nil
			id = w.begin(t, "PUT", "/editor/tags/Go", object{"name": "Golang"})
			w.turns(t, 1)
		}
		return nil
	}
	if got := w.do(t, "ada", "PATCH", "/author/id/"+draft.ID, object{"tags": []string{"Go"}}); !slices.Equal(got.Tags, []string{"GO"}) {
		t.Fatalf("got %v: this test tests nothing", got.Tags)
	}
	if got := w.job(t, id); got.State != "running" || got.Left != 0 {
		t.Errorf("got %+v", got)
	}
	w.turns(t, enough)
	if got := w.do(t, "ada", "GET", "/author/id/"+draft.ID, nil); !slices.Equal(got.Tags, []string{"GOLANG"}) || w.job(t, id).State != "done" {
		t.Errorf("got %v", got.Tags)
	}
}

func TestTags_areMergedAndDeleted(t *testing.T) {
	w := newWorld(t)
	w.published(t, full("One", "Go", "Golang", "Sea"))
	w.published(t, full("Two", "Go"))
	id := w.begin(t, "POST", "/editor/tags/go/merge", object{"into": "Golang"})
	w.turns(t, enough)
	w.expectCounts(t, "GOLANG:2, SEA:1")
	if again := w.begin(t, "POST", "/editor/tags/go/merge", object{"into": "Golang"}); again != id {
		t.Errorf("the same request began another job")
	}
	deleted := w.begin(t, "DELETE", "/editor/tags/golang", nil)
	if again := w.begin(t, "DELETE", "/editor/tags/golang", nil); again != deleted {
		t.Errorf("the same request began another job")
	}
	if p := w.created(t, "ada", full("Meanwhile", "Golang", "Go", "Sea")); !slices.Equal(p.Tags, []string{"SEA"}) {
		t.Errorf("got %v", p.Tags)
	}
	w.turns(t, enough)
	w.expectCounts(t, "SEA:1")
	w.ask(t, "", "GET", "/list/tag/golang", nil).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	w.ask(t, "edith", "DELETE", "/editor/tags/golang", nil).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	// The tag may be used anew, and what was merged into it leads there.
	w.published(t, full("Three", "Go"))
	w.expectCounts(t, "GOLANG:1, SEA:1")
	w.begin(t, "DELETE", "/editor/tags/go", nil)
	w.turns(t, enough)
	w.published(t, full("Four", "Go"))
	w.expectCounts(t, "GO:1, GOLANG:1, SEA:1")
}

func TestTags_areChangedByOneJobAtATime(t *testing.T) {
	w := newWorld(t)
	for _, tag := range []string{"A1", "B1", "C1", "D1"} {
		w.published(t, full("About "+tag, tag))
	}
	refuse := func(method, target string, body any) {
		t.Helper()
		w.ask(t, "emil", method, target, body).ExpectProblem(http.StatusConflict, errs.Conflict, "")
	}
	refuse("PUT", "/editor/tags/A1", object{"name": "B1"}) // there is such a tag
	first := w.begin(t, "POST", "/editor/tags/A1/merge", object{"into": "B1"})
	refuse("POST", "/editor/tags/A1/merge", object{"into": "C1"})
	refuse("DELETE", "/editor/tags/A1", nil)
	refuse("PUT", "/editor/tags/A1", object{"name": "E1"})
	refuse("PUT", "/editor/tags/A1", object{"description": "A former name"})
	refuse("POST", "/editor/tags/B1/merge", object{"into": "C1"})
	refuse("POST", "/editor/tags/B1/merge", object{"into": "A1"})
	refuse("POST", "/editor/tags/C1/merge", object{"into": "A1"})
	refuse("DELETE", "/editor/tags/B1", nil)
	second := w.begin(t, "POST", "/editor/tags/C1/merge", object{"into": "B1"}) // several may join the same tag
	w.turns(t, enough)
	if a, b := w.job(t, first), w.job(t, second); a.State != "done" || b.State != "done" {
		t.Errorf("got %+v and %+v", a, b)
	}
	w.expectCounts(t, "B1:3, D1:1")
	refuse("POST", "/editor/tags/D1/merge", object{"into": "C1"}) // a former name
	refuse("PUT", "/editor/tags/D1", object{"name": "C1"})
	refuse("PUT", "/editor/tags/A1", object{"name": "F1"})
	w.begin(t, "DELETE", "/editor/tags/D1", nil)
	refuse("PUT", "/editor/tags/D1", object{"description": "It would be lost"})
	w.turns(t, enough)
	w.published(t, full("Again", "D1"))
	w.ask(t, "emil", "PUT", "/editor/tags/D1", object{"description": ""}).Expect(http.StatusOK)
	w.begin(t, "PUT", "/editor/tags/B1", object{"name": "a1"}) // its former name
	if status := w.ask(t, "", "GET", "/list/tag/a1", nil).Code; status != http.StatusOK && status != http.StatusMovedPermanently {
		t.Errorf("while it gets its former name back, that is answered with %d", status)
	}
	refuse("PUT", "/editor/tags/a1", object{"name": "G1"})
	w.turns(t, enough)
	w.begin(t, "PUT", "/editor/tags/A1", object{"name": "B1"})
	w.turns(t, enough)
	w.begin(t, "PUT", "/editor/tags/B1", object{"name": "a1", "description": "The first one"})
	w.turns(t, enough)
	w.expectCounts(t, "A1:3 The first one, D1:1")
	if to := w.ask(t, "", "GET", "/list/tag/b1", nil).Expect(http.StatusMovedPermanently).Header().Get("Location"); to != base+"/list/tag/A1" {
		t.Errorf("got %s", to)
	}
}

func TestTags_refuseWhatIsNone(t *testing.T) {
	w := newWorld(t)
	w.published(t, full("A title", "Go"))
	for _, tag := range []string{"unknown", "..."} {
		w.ask(t, "edith", "PUT", "/editor/tags/"+tag, object{"name": "Other"}).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
		w.ask(t, "edith", "DELETE", "/editor/tags/"+tag, nil).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
		w.ask(t, "edith", "POST", "/editor/tags/"+tag+"/merge", object{"into": "Go"}).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
		w.ask(t, "edith", "POST", "/editor/tags/go/merge", object{"into": tag}).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "into")
	}
	w.ask(t, "edith", "POST", "/editor/tags/go/merge", object{"into": "GO"}).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "into")
	w.ask(t, "edith", "PUT", "/editor/tags/go", object{"name": "!"}).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "name")
	w.ask(t, "edith", "PUT", "/editor/tags/go", object{"description": "a\u0000b"}).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "description")
	w.ask(t, "edith", "GET", "/editor/jobs/"+callers["ada"].ID, nil).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	w.do(t, "edith", "PUT", "/editor/tags/go", object{"name": "go"}) // the same tag
	w.expectCounts(t, "GO:1")
}
