package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"stoa/internal/stack/state"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// post is a post as the API shows it to anyone.
type post struct {
	ID, Title, Slug, Status, HTML string
	Version                       int
	Author                        struct{ ID, Name string }
	Published                     struct{ At time.Time }
}

// A post goes from its author over an editor to its readers, and away again.
func TestBlog_fromTheFirstDraftToTheReader(t *testing.T) {
	author, editor := shop.SignIn(t, "author"), shop.SignIn(t, "editor")
	serial := fmt.Sprint(time.Now().UnixNano())
	do := func(as client.User, method, path string, body any, status int) (p post) {
		t.Helper()
		shop.Must(t, client.Request{Method: method, Path: "/blog" + path, As: as, Body: body}, status, &p)
		return p
	}
	p := do(author, "POST", "/author", map[string]any{
		"title": "Counting amphorae " + serial, "description": "Once is enough.", "text": "Count **once**.", "tags": []string{"Tills"},
	}, http.StatusCreated)
	submitted := do(author, "PUT", "/author/submit/id/"+p.ID, nil, http.StatusOK)
	if submitted.Slug != "counting-amphorae-"+serial || submitted.Status != "submitted" {
		t.Fatalf("got %+v", submitted)
	}
	p = do(editor, "PUT", "/editor/publish/id/"+p.ID, nil, http.StatusOK)
	nobody := client.User{}
	for _, path := range []string{"/id/" + p.ID, "/slug/" + p.Slug} {
		if got := do(nobody, "GET", path, nil, http.StatusOK); !strings.Contains(got.HTML, "<strong>once</strong>") || got.Author.Name == "" {
			t.Errorf("GET %s: got %+v", path, got)
		}
	}
	for _, list := range []string{"latest", "tag/tills", "author/" + author.ID, "month/" + p.Published.At.Format("2006-01")} {
		var page struct{ Items []post }
		shop.Must(t, client.Request{Method: "GET", Path: "/blog/list/" + list}, http.StatusOK, &page)
		if len(page.Items) == 0 || page.Items[0].ID != p.ID {
			t.Errorf("GET %s: got %+v", list, page)
		}
	}

	// An edit of an earlier version is refused, through both sidecars.
	stale := shop.Try(t, client.Request{
		Method: "PATCH", Path: "/blog/author/id/" + p.ID, As: author, Body: map[string]any{"text": "Count twice."}, Header: map[string]string{"If-Match": `"1"`},
	})
	stale.Expect(t, http.StatusPreconditionFailed, "outdated")

	// Another slug: the old one leads to it, and nobody may keep that.
	do(author, "PATCH", "/author/id/"+p.ID, map[string]any{"slug": "amphorae-" + serial}, http.StatusOK)
	do(author, "PUT", "/author/submit/id/"+p.ID, nil, http.StatusOK)
	do(editor, "PUT", "/editor/publish/id/"+p.ID, nil, http.StatusOK)
	request := must.Get(shop.NewRequest(t.Context(), client.Request{Method: "GET", Path: "/blog/slug/" + p.Slug}))(t)
	system.Eventually(t, "the old slug leads to the new one", func() error {
		answer, err := http.DefaultTransport.RoundTrip(request.Clone(t.Context()))
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusMovedPermanently || answer.Header.Get("Location") != "/api/v1/blog/slug/amphorae-"+serial ||
			answer.Header.Get("Cache-Control") != "no-store" {
			return fmt.Errorf("got %d %v", answer.StatusCode, answer.Header)
		}
		return nil
	})

	// A new name of its author shows without a new publication.
	shop.Must(t, client.Request{Method: "PATCH", Path: "/auth/profile/mine", As: author, Body: map[string]string{"name": "Ada " + serial}}, http.StatusOK, nil)
	system.Eventually(t, "the post has the new name", func() error {
		if got := do(nobody, "GET", "/id/"+p.ID, nil, http.StatusOK); got.Author.Name != "Ada "+serial {
			return fmt.Errorf("got %+v", got.Author)
		}
		return nil
	})

	// A second after it is unpublished, nobody gets it.
	do(editor, "PUT", "/editor/unpublish/id/"+p.ID, map[string]string{"note": "Wrong count."}, http.StatusOK)
	since := time.Now()
	system.Eventually(t, "the post is not public", func() error {
		answer := shop.Try(t, client.Request{Method: "GET", Path: "/blog/id/" + p.ID})
		if answer.Status != http.StatusNotFound {
			if time.Since(since) > 1500*time.Millisecond {
				t.Errorf("got %d after %s", answer.Status, time.Since(since))
			}
			return fmt.Errorf("got %s", answer)
		}
		return nil
	})
}

// The schedule publishes a post when its time has come: within ten seconds, and never before.
func TestBlog_publishesOnSchedule(t *testing.T) {
	t.Parallel()
	author, editor := shop.SignIn(t, "author"), shop.SignIn(t, "editor")
	var p post
	shop.Must(t, client.Request{Method: "POST", Path: "/blog/author", As: author, Body: map[string]any{
		"title": "Tomorrow", "description": "And tomorrow.", "text": "And tomorrow.", "tags": []string{"Time"},
	}}, http.StatusCreated, &p)
	shop.Must(t, client.Request{Method: "PUT", Path: "/blog/author/submit/id/" + p.ID, As: author}, http.StatusOK, nil)
	at := time.Now().Add(3 * time.Second).UTC()
	shop.Must(t, client.Request{Method: "PUT", Path: "/blog/editor/publish/id/" + p.ID, As: editor, Body: map[string]any{"publishAt": at}}, http.StatusOK, &p)
	if p.Status != "scheduled" {
		t.Errorf("got %+v", p)
	}
	system.Eventually(t, "the post is public", func() error {
		answer := shop.Try(t, client.Request{Method: "GET", Path: "/blog/id/" + p.ID})
		if answer.Status == http.StatusOK && time.Now().Before(at) {
			t.Errorf("it was published too early")
		}
		if answer.Status != http.StatusOK {
			return fmt.Errorf("got %s", answer)
		}
		return nil
	})
}

// While the broker or the store is down, an author is told at once. The same request again makes a submission of the draft, once.
//
// It does not run beside other tests: how soon a person is told is measured.
func TestBlog_outagesAreToldAtOnce(t *testing.T) {
	shop := client.Borrow(t)
	author := shop.SignIn(t, "author")
	for name, begin := range map[string]func() (end func()){
		"broker hangs":    func() func() { return freeze(t, shop, "broker") },
		"store is locked": func() func() { return system.LockStore(t, state.Path(shop.Dir(), "data", "blog.db")) },
	} {
		t.Run(name, func(t *testing.T) {
			var p post
			shop.Must(t, client.Request{Method: "POST", Path: "/blog/author", As: author, Body: map[string]any{
				"title": "When the " + name, "description": "A test.", "text": "Wait.", "tags": []string{"Faults"},
			}}, http.StatusCreated, &p)
			submit := client.Request{Method: "PUT", Path: "/blog/author/submit/id/" + p.ID, As: author, Header: map[string]string{"If-Match": `"1"`}}
			end := begin()
			for range 2 {
				expectRefusal(t, shop, submit, answerTime)
			}
			end()
			shop.Await(t, submit, http.StatusOK).Read(t, &p)
			if p.Status != "submitted" || p.Version != 2 {
				t.Errorf("got %+v", p)
			}
		})
	}
}
