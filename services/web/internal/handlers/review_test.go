package handlers_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
)

const (
	examinePath  = "/api/v1/blog/editor/id/" + productID
	publishPath  = "/api/v1/blog/editor/publish/id/" + productID
	reviewPath   = "/review/posts/" + productID
	decisionPath = "/api/v1/blog/editor/comments/c1"
)

func reviewAnswers(more map[string]any) map[string]any {
	waiting := written(object{
		"status": "published", "submitted": object{"at": "2026-03-04T05:06:07Z"}, "published": object{"slug": "why"}, "html": "<p>New</p>",
		"history": []any{object{"act": "submitted", "at": "2026-03-04T05:06:07Z"}},
		"changes": object{"added": 2, "removed": 1, "before": object{"title": "Why", "description": "Twice."}, "rows": []any{
			object{"old": []any{object{"text": "old", "changed": true}}, "new": []any{object{"text": "new <b>", "changed": true}}},
		}},
	})
	complained := remarked("z")
	maps.Copy(complained, object{"state": "visible", "reports": []any{object{"reason": "It is spam"}}, "history": []any{}})
	tag := object{"tag": "C#", "description": "Sharp", "count": 2}
	answers := map[string]any{
		"GET /api/v1/blog/editor/submitted": object{"items": []any{waiting}}, "GET /api/v1/blog/editor/published": object{"items": []any{}},
		"GET " + examinePath: waiting, "PUT " + publishPath: object{},
		"PUT /api/v1/blog/editor/refuse/id/" + productID:    object{},
		"PUT /api/v1/blog/editor/unpublish/id/" + productID: object{},
		"GET /api/v1/blog/editor/reports":                   object{"items": []any{complained}},
		"GET /api/v1/blog/id/" + productID:                  article,
		"GET " + commentPath:                                remarked("z"), "PUT " + decisionPath: object{},
		"GET /api/v1/blog/tags":                  object{"items": []any{tag}},
		"PUT /api/v1/blog/editor/tags/C#":        http.HandlerFunc(renamed),
		"POST /api/v1/blog/editor/tags/C#/merge": errs.New(errs.Conflict, "a job is at work"),
		"DELETE /api/v1/blog/editor/tags/C#":     object{"id": "j2"},
		"GET /api/v1/blog/editor/jobs/j1":        object{"id": "j1", "kind": "rename", "tag": "C#", "into": "CSHARP", "state": "running", "left": 1},
	}
	maps.Copy(answers, more)
	return answers
}

// renamed answers as the blog does: another name begins a job.
func renamed(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Location", "/api/v1/blog/editor/jobs/j1")
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write([]byte(`{"tag":"C#"}`))
}

func TestReview_showsWhatChanges(t *testing.T) {
	w := newWorld(t, reviewAnswers(nil))
	w.browser().signIn(t, "arno").get(t, "/review").shows(http.StatusForbidden)
	b := w.browser().signIn(t, "edith")
	b.get(t, "/review").shows(http.StatusOK, reviewPath, "A change of a published post")
	b.get(t, "/review/published").shows(http.StatusOK, "Nothing is published yet.")
	b.get(t, reviewPath).shows(http.StatusOK, "<p>New</p>", "<del>old</del>", "<ins>new &lt;b&gt;</ins>", "2 words are new.", "1 word is gone.",
		"<del>Why</del>", `name="version" value="3"`, `value="refuse"`)
	w.answers["GET "+examinePath] = errs.NotFound
	b.get(t, reviewPath).shows(http.StatusNotFound)
}

func TestReview_decides(t *testing.T) {
	w := newWorld(t, reviewAnswers(nil))
	b := w.browser().signIn(t, "edith")
	b.post(t, reviewPath, "do", "publish", "version", "3").leadsTo("/review")
	if asked, body := w.last(t, publishPath); asked.Header.Get("If-Match") != `"3"` || body != `{}` {
		t.Errorf("got %v %s", asked.Header, body)
	}
	b.post(t, reviewPath, "do", "schedule", "version", "3", "publishAt", "2031-02-03T04:05").leadsTo("/review")
	if _, body := w.last(t, publishPath); body != `{"publishAt":"2031-02-03T04:05:00Z"}` {
		t.Errorf("got %s", body)
	}
	b.post(t, reviewPath, "do", "schedule", "version", "3", "publishAt", "soon").shows(http.StatusUnprocessableEntity, "is not a time")
	b.post(t, reviewPath, "do", "refuse", "version", "3", "note", "Who?").leadsTo("/review")
	b.post(t, reviewPath, "do", "unpublish", "version", "3").leadsTo("/review")
	b.post(t, reviewPath, "do", "burn", "version", "3").shows(http.StatusBadRequest)
	b.post(t, reviewPath, "do", "publish").shows(http.StatusBadRequest)
	b.post(t, reviewPath, "do", "refuse", "version", "3", "note", "Who?", "again", "yes").shows(http.StatusOK, "Who?")
	// The second of two editors learns what the first one did.
	w.answers["PUT "+publishPath] = errs.New(errs.Conflict, "it was published at noon")
	b.post(t, reviewPath, "do", "publish", "version", "3").shows(http.StatusConflict, "it was published at noon")
	w.answers["PUT /api/v1/blog/editor/refuse/id/"+productID] = errs.InvalidField("note", "is too short")
	b.post(t, reviewPath, "do", "refuse", "version", "3", "note", "W").shows(http.StatusUnprocessableEntity, `id="note-error"`, ">\nW</textarea>")
}

func TestReports_areDecided(t *testing.T) {
	w := newWorld(t, reviewAnswers(nil))
	b := w.browser().signIn(t, "edith")
	b.get(t, "/review/reports").shows(http.StatusOK, "It is spam", "By z", "/blog/why-we-count#comment-c1", "1 report")
	b.get(t, "/review/reports?state=decided").shows(http.StatusOK)
	if asked, _ := w.last(t, "/api/v1/blog/editor/reports"); asked.URL.Query().Get("state") != "decided" {
		t.Errorf("got %s", asked.URL)
	}
	b.post(t, "/review/comments/c1", "state", "hidden", "reason", "It is spam").leadsTo("/review/reports")
	if _, body := w.last(t, decisionPath); !strings.Contains(body, `"state":"hidden"`) {
		t.Errorf("got %s", body)
	}
	b.get(t, "/review/comments/c1").shows(http.StatusOK, "Yes, &lt;b&gt;")
	w.answers["PUT "+decisionPath], w.answers["GET "+commentPath] = errs.InvalidField("reason", "is too short"), errs.NotFound
	b.post(t, "/review/comments/c1", "state", "hidden", "reason", "x").shows(http.StatusUnprocessableEntity, "is too short", "Readers do not see this comment now.")
}

func TestTags_areChangedByJobs(t *testing.T) {
	w := newWorld(t, reviewAnswers(nil))
	b := w.browser().signIn(t, "edith")
	b.get(t, "/review/tags").shows(http.StatusOK, `href="/review/tags/C%23"`, "Sharp")
	b.get(t, "/review/tags/C%23").shows(http.StatusOK, `value="C#"`, `value="Sharp"`, "2 posts")
	b.get(t, "/review/tags/none").shows(http.StatusNotFound)
	b.post(t, "/review/tags/C%23", "do", "describe", "name", "CSHARP", "description", "Sharper").leadsTo("/review/jobs/j1")
	if _, body := w.last(t, "/api/v1/blog/editor/tags/C#"); body != `{"description":"Sharper","name":"CSHARP"}` {
		t.Errorf("got %s", body)
	}
	b.get(t, "/review/jobs/j1").shows(http.StatusOK, "C# becomes CSHARP.", "1 post is left.", `hx-trigger="every 1s"`)
	w.answers["GET /api/v1/blog/editor/jobs/j1"] = object{"id": "j1", "kind": "rename", "tag": "C#", "into": "CSHARP", "state": "done", "changed": 4}
	b.get(t, "/review/jobs/j1").shows(http.StatusOK, "Done: 4 posts have changed.").hides("hx-trigger")
	b.post(t, "/review/tags/C%23", "do", "merge", "into", "SEA").shows(http.StatusConflict, "a job is at work", `value="SEA"`)
	b.post(t, "/review/tags/C%23", "do", "burn", "name", "x").shows(http.StatusBadRequest)
	b.post(t, "/review/tags/C%23", "do", "delete").leadsTo("/review/jobs/j2")
	w.answers["PUT /api/v1/blog/editor/tags/C#"] = object{"tag": "C#"}
	b.post(t, "/review/tags/C%23", "do", "describe", "name", "C#", "description", "Sharper").leadsTo("/review/tags")
	if _, body := w.last(t, "/api/v1/blog/editor/tags/C#"); body != `{"description":"Sharper"}` {
		t.Errorf("got %s", body)
	}
}
