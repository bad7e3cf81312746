package handlers_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"stoa/internal/hostile"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
)

// hit is a post that was found.
type hit struct {
	post
	Snippet string
}

// hits returns what a query finds, in pages of two.
func (w *world) hits(t *testing.T, query string) (all []hit) {
	t.Helper()
	for cursor := ""; ; {
		page := webtest.Read[struct {
			Items []hit
			Next  string
		}](w.ask(t, "", "GET", "/search?limit=2&cursor="+cursor+"&"+query, nil), http.StatusOK)
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
}

// find returns the titles of what a query finds, in order.
func (w *world) find(t *testing.T, query string) string {
	t.Helper()
	var titles []string
	for _, h := range w.hits(t, query) {
		titles = append(titles, h.Title)
	}
	return strings.Join(titles, ", ")
}

func (w *world) expectFound(t *testing.T, query, want string) {
	t.Helper()
	if got := w.find(t, query); got != want {
		t.Errorf("%s finds %q, want %q", query, got, want)
	}
}

// essays makes three posts public.
func essays(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	for _, body := range []object{
		{"title": "Counting amphorae", "description": "How we do it.", "text": "We **counted** them in the cellar.", "tags": []string{"Stock", "Athens"}},
		{"title": "The cellar", "description": "It is dark.", "text": "Nobody counts <b>there</b> & nobody reads.", "tags": []string{"Athens"}},
		{"title": "Le Café", "description": "Of Exarcheia.", "text": "Crème brûlée.", "tags": []string{"Food"}},
	} {
		w.published(t, body)
	}
	return w
}

func TestSearch_findsWhatReadersSee(t *testing.T) {
	w := essays(t)
	for query, want := range map[string]string{
		"q=counting":             "Counting amphorae, The cellar", // in the title; in the text, in another form
		"q=CELLAR":               "The cellar, Counting amphorae",
		"q=cellar+counts":        "Counting amphorae, The cellar",
		"q=exarch":               "Le Café", // the beginning of a word of the description
		"q=creme+BRULEE":         "Le Café",
		"q=stock":                "Counting amphorae", // its tag
		"q=b":                    "The cellar",        // what is typed as markup is text
		"q=the+of":               "",
		"q=%22+*+AND+(":          "",
		"q=cellar&tag=stock":     "Counting amphorae",
		"q=cellar&tag=sTOCK":     "Counting amphorae",
		"q=cellar&tag=nothing":   "",
		"q=cellar&tag=%3C%3E":    "",
		"q=counting+nothing":     "",
		"q=cellar&tag=food":      "",
		"q=amphora-brulee":       "",
		"q=%E2%80%AEcellar+dark": "The cellar",
	} {
		if query == "q=cellar+counts" {
			if got := w.hits(t, query); len(got) != 2 {
				t.Errorf("%s finds %+v", query, got)
			}
			continue
		}
		w.expectFound(t, query, want)
	}
}

// A snippet is an excerpt of the text, safe to show, in which the words are marked.
func TestSearch_marksTheWords(t *testing.T) {
	w := essays(t)
	for query, want := range map[string]string{
		"q=cellar+count": "We <mark>counted</mark> them in the <mark>cellar</mark>.",
		"q=nobody":       "<mark>Nobody</mark> counts &lt;b&gt;there&lt;/b&gt; &amp; <mark>nobody</mark> reads.",
		"q=dark":         "It is <mark>dark</mark>.", // the description
		"q=athens+count": "We <mark>counted</mark> them in the cellar.",
		"q=food":         "Crème brûlée.",
	} {
		got := w.hits(t, query)
		if !slices.ContainsFunc(got, func(h hit) bool { return h.Snippet == want }) {
			t.Errorf("%s: got %+v, want %q", query, got, want)
		}
	}
	if h := w.hits(t, "q=brulee")[0]; h.Author.Name != "Ada" && h.Author.ID != callers["ada"].ID || h.Slug != "le-cafe" || h.Words != 2 {
		t.Errorf("got %+v", h)
	}
}

// What readers do not see is not found: neither what waits for an editor, nor what was public.
func TestSearch_showsWhatIsPublicOnly(t *testing.T) {
	w := newWorld(t)
	p := w.created(t, "ada", full("Amphora"))
	w.expectFound(t, "q=amphora", "")
	w.do(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil)
	w.expectFound(t, "q=amphora", "")
	w.do(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil)
	w.expectFound(t, "q=amphora", "Amphora")

	w.do(t, "ada", "PATCH", "/author/id/"+p.ID, object{"title": "Kylix", "text": "A cup."})
	w.expectFound(t, "q=kylix", "")
	w.expectFound(t, "q=cup", "")
	w.do(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil)
	w.do(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil)
	w.expectFound(t, "q=kylix", "Kylix")
	w.expectFound(t, "q=texts", "") // the text before

	w.do(t, "edith", "PUT", "/editor/unpublish/id/"+p.ID, nil)
	w.expectFound(t, "q=kylix", "")
	w.do(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil)
	w.do(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil)
	w.expectFound(t, "q=kylix", "Kylix")
	w.ask(t, "ada", "DELETE", "/author/id/"+p.ID, nil).Expect(http.StatusNoContent)
	w.expectFound(t, "q=kylix", "")
}

// A post is public whatever becomes of the index; the schedule does what the request could not. Meanwhile, what was unpublished is
// not found: posts decide.
func TestSearch_isFinishedByTheSchedule(t *testing.T) {
	w := newWorld(t)
	kept, gone := w.published(t, full("Amphora of wine")), w.published(t, full("Amphora of oil"))
	fresh := w.submitted(t, full("Amphora of water"))
	w.do(t, "ada", "PATCH", "/author/id/"+kept.ID, object{"title": "Krater of wine", "description": "For guests.", "text": "It mixes."})
	w.do(t, "ada", "PUT", "/author/submit/id/"+kept.ID, nil)
	w.states.Before = func(_, key string) error {
		if strings.HasPrefix(key, "search:") {
			return errors.New("the index is away")
		}
		return nil
	}
	w.do(t, "edith", "PUT", "/editor/publish/id/"+kept.ID, nil)
	w.do(t, "edith", "PUT", "/editor/publish/id/"+fresh.ID, nil)
	w.do(t, "edith", "PUT", "/editor/unpublish/id/"+gone.ID, nil)
	w.ask(t, "", "GET", "/search?q=amphora", nil).Expect(http.StatusServiceUnavailable)
	must.Do(t, w.review.CatchUp(t.Context()))
	w.states.Before = nil

	w.expectFound(t, "q=amphora", "Krater of wine") // by its former title; the other one is not public
	must.Do(t, w.review.CatchUp(t.Context()))
	w.expectFound(t, "q=amphora", "Amphora of water")
	w.expectFound(t, "q=krater", "Krater of wine")
	for _, id := range []string{kept.ID, gone.ID, fresh.ID} {
		if p := must.Get(w.stores.Posts.Get(t.Context(), id))(t); p.Unindexed != 0 {
			t.Errorf("got %+v", p)
		}
	}
}

// While the broker is down, a post is public and found, although its editor is told to try again.
func TestSearch_doesNotWaitForTheBroker(t *testing.T) {
	w := newWorld(t)
	p := w.submitted(t, full("Amphora"))
	w.bus.Before = func(string) error { return errs.New(errs.Unavailable, "the broker is down") }
	w.ask(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil).Expect(http.StatusServiceUnavailable)
	w.expectFound(t, "q=amphora", "Amphora")
}

// A tag that was renamed is a filter by either name, and its posts are found by its new name.
func TestSearch_followsTags(t *testing.T) {
	w := essays(t)
	w.begin(t, "PUT", "/editor/tags/athens", object{"name": "Attica"})
	w.turns(t, enough)
	for query, want := range map[string]string{
		"q=dark&tag=attica": "The cellar", "q=dark&tag=athens": "The cellar", "q=attica+dark": "The cellar", "q=athens": "",
	} {
		w.expectFound(t, query, want)
	}
}

// Queries that nobody types are refused, and none of them is a defect.
func TestSearch_standsAnyQuery(t *testing.T) {
	w := essays(t)
	refused := map[string]string{
		"": "q", "q=": "q", "q=" + strings.Repeat("a", 10_000): "q", "q=a%00b": "q", "q=" + strings.Repeat("x+", 20): "q",
		"q=a&cursor=x": "cursor", "q=a&tag=" + strings.Repeat("t", 101): "tag",
	}
	for query, field := range refused {
		w.ask(t, "", "GET", "/search?"+query, nil).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, field)
	}
	next := webtest.Read[struct{ Next string }](w.ask(t, "", "GET", "/search?q=cellar&limit=1", nil), http.StatusOK).Next
	w.ask(t, "", "GET", "/search?q=dark&cursor="+next, nil).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "cursor")
	for _, text := range append([]string{"+-&|!(){}[]^~*?:", "\u202e\u05d0\u05d1", "the and of", "\xff\xfe", "* OR 1=1", "東京"}, hostile.Texts...) {
		answer := w.ask(t, "", "GET", "/search?q="+url.QueryEscape(text), nil)
		if answer.Code != http.StatusOK && answer.Code != http.StatusUnprocessableEntity && answer.Code != http.StatusBadRequest {
			t.Errorf("%q: got %d %s", text, answer.Code, answer.Body)
		}
	}
}

// What a text has of markup is text in a snippet.
func TestSearch_showsNoMarkup(t *testing.T) {
	must.HaveTime(t)
	w := newWorld(t)
	for n, text := range hostile.Texts {
		body := full(fmt.Sprint("Whale ", n))
		body["text"], body["description"] = "whale "+strings.ReplaceAll(text, "\x00", ""), "About whales"
		if answer := w.ask(t, "both", "POST", "/author", body); answer.Code == http.StatusCreated {
			p := webtest.Read[post](answer, http.StatusCreated)
			if w.ask(t, "both", "PUT", "/author/submit/id/"+p.ID, nil).Code == http.StatusOK {
				w.do(t, "both", "PUT", "/editor/publish/id/"+p.ID, nil)
			}
		}
	}
	all := w.hits(t, "q=whales")
	for _, h := range all {
		if rest := strings.NewReplacer("<mark>", "", "</mark>", "").Replace(h.Snippet); strings.ContainsAny(rest, "<>\"") {
			t.Errorf("got %q", h.Snippet)
		}
	}
	if len(all) < len(hostile.Texts)/2 {
		t.Errorf("%d are found", len(all))
	}
}
