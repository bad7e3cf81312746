package handlers_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
)

// operation is a request about a post of Ada's, and what has happened to the post before.
type operation struct {
	before []string // earlier operations
	who    string
	method string
	path   string // the id of the post comes behind it
	body   object
}

var operations = map[string]operation{
	"edit":      {nil, "ada", "PATCH", "/author/id/", object{"text": "Another text.", "title": "Another title"}},
	"submit":    {nil, "ada", "PUT", "/author/submit/id/", nil},
	"withdraw":  {[]string{"submit"}, "ada", "PUT", "/author/withdraw/id/", nil},
	"refuse":    {[]string{"submit"}, "edith", "PUT", "/editor/refuse/id/", object{"note": "Who counts?"}},
	"publish":   {[]string{"submit"}, "edith", "PUT", "/editor/publish/id/", nil},
	"unpublish": {[]string{"submit", "publish"}, "edith", "PUT", "/editor/unpublish/id/", object{"note": "Wrong."}},
	"delete":    {[]string{"submit", "publish"}, "ada", "DELETE", "/author/id/", nil},
	"revise":    {[]string{"submit", "publish", "edit"}, "ada", "PUT", "/author/submit/id/", nil},
	"resubmit":  {[]string{"submit", "refuse", "edit"}, "ada", "PUT", "/author/submit/id/", nil},
	"republish": {[]string{"submit", "publish", "edit", "submit"}, "edith", "PUT", "/editor/publish/id/", nil},
	"restart":   {[]string{"submit", "publish", "unpublish"}, "ada", "PUT", "/author/submit/id/", nil},
}

// begin makes a world with a post to which everything before has happened.
func (o operation) begin(t *testing.T) (*world, string) {
	t.Helper()
	w := newWorld(t)
	id := w.created(t, "ada", full("A title")).ID
	for _, name := range o.before {
		answer := operations[name].send(t, w, id)
		if answer.Code >= 300 {
			t.Fatalf("%s: got %d %s", name, answer.Code, answer.Body)
		}
	}
	return w, id
}

func (o operation) send(t *testing.T, w *world, id string) *webtest.Answer {
	t.Helper()
	var body any
	if o.body != nil {
		body = o.body
	}
	return w.ask(t, o.who, o.method, o.path+id, body)
}

// die makes all calls to store and broker fail from the n-th on: before it happens, or after. died reports whether there were
// so many.
func (w *world) die(n int, after bool) (died func() bool) {
	calls := 0
	step := func() error {
		if calls++; calls < n {
			return nil
		}
		return errors.New("crash")
	}
	onState, onTopic := func(string, string) error { return step() }, func(string) error { return step() }
	if after {
		w.states.After, w.bus.After = onState, onTopic
	} else {
		w.states.Before, w.bus.Before = onState, onTopic
	}
	return func() bool { return calls >= n }
}

func (w *world) live() {
	w.states.Before, w.states.After, w.bus.Before, w.bus.After = nil, nil, nil, nil
}

// view is all that anyone can see of the post, and what was published about it, once the schedule has run.
func (w *world) view(t *testing.T, id string) string {
	t.Helper()
	must.Do(t, w.review.CatchUp(t.Context()))
	var b strings.Builder
	for path, who := range map[string]string{
		"/author/drafts": "ada", "/author/submitted": "ada", "/author/published": "ada", "/editor/submitted": "edith",
		"/editor/published": "edith", "/list/latest": "", "/list/tag/go": "", "/list/author/" + callers["ada"].ID: "",
		"/list/month/" + time.Now().UTC().Format("2006-01"): "",
	} {
		if titles := w.titles(t, who, path); len(titles) > 0 {
			fmt.Fprintln(&b, path, titles)
		}
	}
	for _, query := range []string{"q=title", "q=another+texts", "q=title&tag=go"} {
		fmt.Fprintln(&b, query, w.find(t, query))
	}
	for _, path := range []string{"/id/" + id, "/slug/a-title", "/slug/another-title"} {
		answer := w.ask(t, "", "GET", path, nil)
		fmt.Fprintln(&b, path[:4], answer.Code, answer.Header().Get("Location"))
		if answer.Code == http.StatusOK {
			fmt.Fprintln(&b, webtest.Read[post](answer, http.StatusOK).HTML)
		}
	}
	if answer := w.ask(t, "ada", "GET", "/author/id/"+id, nil); answer.Code == http.StatusOK {
		p := webtest.Read[post](answer, http.StatusOK)
		fmt.Fprintln(&b, p.Title, p.Text, p.Status, p.Version, p.Draft, len(p.History), p.Refusal)
	}
	var events []string
	for _, e := range w.bus.Events() {
		events = append(events, e.Type+" "+e.ID)
	}
	slices.Sort(events)
	kinds := strings.Fields(strings.Join(slices.Compact(events), " "))
	for i := 0; i < len(kinds); i += 2 {
		fmt.Fprintln(&b, kinds[i])
	}
	lines := strings.Split(strings.ReplaceAll(b.String(), id, "ID"), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// scene is a world in which something is about to happen.
type scene struct {
	*world
	// send asks for it, and may be called again.
	send func() *webtest.Answer
	// view is all that anyone can see of it, once the schedule has run.
	view func() string
}

// surviveEveryCrash lets the process die before and after any step of what happens in a scene. Then it has happened, with its
// events, or it has not. The same request again makes it happen once.
func surviveEveryCrash(t *testing.T, begin func() scene) {
	t.Helper()
	calm := begin()
	before := calm.view()
	if answer := calm.send(); answer.Code >= 300 {
		t.Fatalf("got %d %s", answer.Code, answer.Body)
	}
	after := calm.view()
	if before == after {
		t.Fatalf("nothing happened: %s", before)
	}
	for _, late := range []bool{false, true} {
		for n, more := 1, true; more; n++ {
			s := begin()
			died := s.die(n, late)
			s.send()
			more = died()
			s.live()
			if got := s.view(); got != before && got != after {
				t.Fatalf("step %d, after it: %t: got\n%s\nwant\n%s\nor\n%s", n, late, got, before, after)
			}
			if again := s.send(); again.Code >= 300 {
				t.Fatalf("step %d, after it: %t: again: got %d %s", n, late, again.Code, again.Body)
			}
			if got := s.view(); got != after {
				t.Fatalf("step %d, after it: %t: again: got\n%s\nwant\n%s", n, late, got, after)
			}
		}
	}
}

func TestPosts_surviveEveryCrash(t *testing.T) {
	must.HaveTime(t)
	for name, o := range operations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			surviveEveryCrash(t, func() scene {
				w, id := o.begin(t)
				return scene{w, func() *webtest.Answer { return o.send(t, w, id) }, func() string { return w.view(t, id) }}
			})
		})
	}
}

// A post is begun once, however often its request is sent and wherever the process dies.
func TestPosts_areBegunOnce(t *testing.T) {
	must.HaveTime(t)
	begin := func(t *testing.T, w *world, title string) *webtest.Answer {
		t.Helper()
		return w.Do(t, webtest.Request{
			Method: "POST", Path: base + "/author", Token: "ada", Body: `{"title":"` + title + `"}`, Header: http.Header{"Idempotency-Key": {"k"}},
		})
	}
	for _, late := range []bool{false, true} {
		for n, more := 1, true; more; n++ {
			w := newWorld(t)
			died := w.die(n, late)
			begin(t, w, "A title")
			more = died()
			w.live()
			first := webtest.Read[post](begin(t, w, "A title"), http.StatusCreated)
			if again := webtest.Read[post](begin(t, w, "A title"), http.StatusCreated); again.ID != first.ID {
				t.Errorf("step %d: got %s, then %s", n, first.ID, again.ID)
			}
			if titles := w.titles(t, "ada", "/author/drafts"); !slices.Equal(titles, []string{"A title"}) {
				t.Errorf("step %d: got %v", n, titles)
			}
			begin(t, w, "Another").ExpectProblem(http.StatusUnprocessableEntity, "idempotency_key_reused", "")
		}
	}
}

// A request whose answer was lost comes again after another post has got the slug that it wants.
func TestPosts_areBegunOnceAlsoIfTheirSlugIsTakenSince(t *testing.T) {
	w := newWorld(t)
	begin := func() string {
		t.Helper()
		return webtest.Read[post](w.askWith(t, http.Header{"Idempotency-Key": {"k"}}, "ada", "POST", "/author", object{"title": "Mine", "slug": "wanted"}),
			http.StatusCreated).ID
	}
	first := begin()
	body := full("Theirs")
	body["slug"] = "wanted"
	w.submitted(t, body)
	if again := begin(); again != first {
		t.Errorf("got %s, then %s", first, again)
	}
}
