package handlers_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
)

func TestPosts_areWrittenPublishedAndRead(t *testing.T) {
	w := newWorld(t)
	p := w.published(t, full("Counting a week of orders", "Go", "shop floor"))
	for _, path := range []string{"/id/" + p.ID, "/slug/counting-a-week-of-orders"} {
		got := w.do(t, "", "GET", path, nil)
		if got.Title != p.Title || !strings.Contains(got.HTML, "<em>text</em>") || got.Author.Name != "Ada" ||
			!slices.Equal(got.Tags, []string{"GO", "SHOP-FLOOR"}) || got.PublishedAt.IsZero() {
			t.Errorf("GET %s: got %+v", path, got)
		}
	}
	for _, path := range []string{
		"/list/latest", "/list/tag/go", "/list/tag/SHOP-FLOOR", "/list/author/" + p.Author.ID,
		"/list/month/" + p.Published.At.Format("2006-01"),
	} {
		if got := w.titles(t, "", path); !slices.Equal(got, []string{p.Title}) {
			t.Errorf("GET %s: got %v", path, got)
		}
	}
	if types := w.bus.Types(); !slices.Equal(types, []string{"post.submitted.v1", "post.published.v1"}) {
		t.Errorf("published %v", types)
	}
}

func TestPosts_areNotPublicBeforeAnEditorPublishesThem(t *testing.T) {
	w := newWorld(t)
	draft, waiting := w.created(t, "ada", full("A draft")), w.submitted(t, full("A submission"))
	for _, path := range []string{"/id/" + draft.ID, "/id/" + waiting.ID, "/slug/a-submission", "/list/similar/id/" + waiting.ID} {
		w.ask(t, "", "GET", path, nil).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	}
	if got := w.titles(t, "", "/list/latest"); len(got) > 0 {
		t.Errorf("got %v", got)
	}
}
