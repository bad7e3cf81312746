package handlers_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stoa/api/events"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/messaging"
)

func TestLists_stayInOrderWhilePostsAppear(t *testing.T) {
	w := newWorld(t)
	for n := range 5 {
		w.published(t, full(fmt.Sprintf("Post %d", n)))
	}
	type page struct {
		Items []post
		Next  string
	}
	first := webtest.Read[page](w.ask(t, "", "GET", "/list/latest?limit=2", nil), http.StatusOK)
	w.published(t, full("Post 5"))
	second := webtest.Read[page](w.ask(t, "", "GET", "/list/latest?limit=3&cursor="+first.Next, nil), http.StatusOK)
	var titles []string
	for _, p := range append(first.Items, second.Items...) {
		titles = append(titles, p.Title)
	}
	if want := []string{"Post 4", "Post 3", "Post 2", "Post 1", "Post 0"}; !slices.Equal(titles, want) || second.Next != "" {
		t.Errorf("got %v, want %v", titles, want)
	}
}

func TestReading_mayBeCachedForAMoment(t *testing.T) {
	w := newWorld(t)
	p := w.published(t, full("A title"))
	for _, path := range []string{"/id/" + p.ID, "/slug/a-title", "/list/latest", "/list/similar/id/" + p.ID} {
		header := w.ask(t, "", "GET", path, nil).Expect(http.StatusOK).Header()
		if header.Get("Cache-Control") != "public, max-age=1" || header.Get("ETag") == "" {
			t.Errorf("%s: got %v", path, header)
		}
	}
}

func TestSimilar_sharesTagsThenWords(t *testing.T) {
	w := newWorld(t)
	p := w.published(t, full("Counting amphorae twice", "Go", "Tills"))
	other := full("Nothing to do with it", "Sea")
	other["description"] = "Ships."
	w.published(t, other)
	w.published(t, full("Amphorae and where they come from", "Clay"))
	w.published(t, full("Another till", "Tills"))
	w.published(t, full("Counting on tills", "Tills"))
	w.published(t, full("Both", "Go", "Tills"))
	w.submitted(t, full("Counting amphorae again", "Go", "Tills"))
	want := []string{"Both", "Counting on tills", "Another till", "Amphorae and where they come from"}
	path := "/list/similar/id/" + p.ID
	if got := w.titles(t, "", path); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	// Pages of one, while posts appear in between: nothing comes twice, and nothing is left out.
	var paged []string
	for cursor := ""; ; {
		page := webtest.Read[web.Listing[post]](w.ask(t, "", "GET", path+"?limit=1&cursor="+cursor, nil), http.StatusOK)
		for _, p := range page.Items {
			paged = append(paged, p.Title)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
		w.published(t, full(fmt.Sprint("Both, and more: ", len(paged)), "Go", "Tills"))
	}
	if !slices.Equal(paged, want) {
		t.Errorf("pages of one have %v, want %v", paged, want)
	}
	for _, cursor := range []string{"x", "1.2.3", "1.x.3." + p.ID} {
		w.ask(t, "", "GET", path+"?cursor="+cursor, nil).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "cursor")
	}
}

func TestTags_areFoundHoweverTheyAreTyped(t *testing.T) {
	w := newWorld(t)
	w.published(t, full("A title", "Sea side", "C#", "Café", "C++", ".NET"))
	for _, tag := range []string{"sea-side", "SEA-SIDE", "csharp", "caf%C3%A9", "c++", ".net"} {
		if got := w.titles(t, "", "/list/tag/"+tag); len(got) != 1 {
			t.Errorf("%s: got %v", tag, got)
		}
	}
	for _, tag := range []string{"unknown", "cafe", "!!"} {
		w.ask(t, "", "GET", "/list/tag/"+tag, nil).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	}
}

// about delivers an event about the account of Ada.
func (w *world) about(t *testing.T, eventType, name, picture string, at time.Time) error {
	t.Helper()
	data := map[string]any{"id": callers["ada"].ID, "email": "ada@example.com", "name": name, "at": at, "verified": true}
	if picture != "" {
		data["profilePicUrl"] = picture
	}
	must.Do(t, events.Check(eventType, data))
	return w.on[eventType](t.Context(), must.Get(messaging.New(eventType, callers["ada"].ID, data))(t))
}

// Posts carry no names, so a new one shows everywhere at once. An event that comes late changes nothing.
func TestAuthors_haveTheNameOfTheirLatestEvent(t *testing.T) {
	w := newWorld(t)
	p, now := w.published(t, full("A title")), time.Now().UTC()
	shows := func(name, picture string) {
		t.Helper()
		page := webtest.Read[struct{ Items []post }](w.ask(t, "", "GET", "/list/latest", nil), http.StatusOK)
		for _, got := range []post{w.do(t, "", "GET", "/id/"+p.ID, nil), page.Items[0], w.do(t, "edith", "GET", "/editor/id/"+p.ID, nil)} {
			if got.Author.Name != name || got.Author.ProfilePicURL != picture {
				t.Errorf("got %+v, want %s with %s", got.Author, name, picture)
			}
		}
	}
	shows("Ada", "") // as the session said
	must.Do(t, w.about(t, "account.changed.v1", "Ada L.", "https://example.org/a.png", now.Add(time.Minute)))
	shows("Ada L.", "https://example.org/a.png")
	must.Do(t, w.about(t, "account.registered.v1", "Ada", "", now.Add(-time.Hour)))
	must.Do(t, w.about(t, "account.changed.v1", "Adele", "", now))
	shows("Ada L.", "https://example.org/a.png")
	must.Do(t, w.about(t, "account.changed.v1", "Countess", "", now.Add(time.Hour)))
	shows("Countess", "")
	for _, data := range []string{`{}`, `{"id":"../x","name":"A"}`, `{"id":5}`} {
		e := messaging.Event{Type: "account.changed.v1", Data: []byte(data)}
		if err := w.on[e.Type](t.Context(), e); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: got %v", data, err)
		}
	}
}

// What has left a list costs its readers nothing for long.
func TestCompaction_takesWhatHasLeftOffTheLists(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for n := range 150 {
			p := w.published(t, full(fmt.Sprintf("Post %d", n)))
			if n != 75 {
				w.do(t, "edith", "PUT", "/editor/unpublish/id/"+p.ID, nil)
				w.ask(t, "ada", "DELETE", "/author/id/"+p.ID, nil).Expect(http.StatusNoContent)
			}
		}
		for range 3 {
			time.Sleep(2 * time.Minute)
			w.compact(t)
		}
		for _, path := range []string{"/list/latest", "/list/tag/go", "/list/author/" + callers["ada"].ID} {
			reads := 0
			w.states.Before = func(string, string) error { reads++; return nil }
			if got := w.titles(t, "", path); !slices.Equal(got, []string{"Post 75"}) || reads > 8 {
				t.Errorf("%s: got %v with %d reads", path, got, reads)
			}
			w.states.Before = nil
		}
		time.Sleep(10 * time.Minute)
		w.compact(t)
		if left := w.states.Value("blog-store", "shrinking:posts"); !strings.HasPrefix(left, `{"lists":{}`) {
			t.Errorf("left is %s", left)
		}
	})
}

// The lists of all kinds are compacted within one request, so those of posts leave time to the others, however many there are.
func TestCompaction_leavesTimeToOthers(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for n := range 60 {
			p := w.published(t, full(fmt.Sprintf("Post %d", n), fmt.Sprintf("Tag %d", n)))
			w.do(t, "edith", "PUT", "/editor/unpublish/id/"+p.ID, nil)
		}
		time.Sleep(2 * time.Minute)
		w.states.Before = func(string, string) error { time.Sleep(10 * time.Millisecond); return nil }
		began := time.Now()
		must.Do(t, w.stores.Posts.Compact(t.Context()))
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}
