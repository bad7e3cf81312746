package handlers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"stoa/internal/golden"
	"stoa/internal/openapitest"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/identity"
	"stoa/pkg/messaging"
	"stoa/pkg/messaging/messagingtest"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/blog/internal/domain"
	"stoa/services/blog/internal/handlers"
	"stoa/services/blog/internal/providers"
	"stoa/services/blog/internal/repositories"
)

// The people of the tests: authors, editors, staff, someone who is all of that, a reader, and one whose address is not verified.
var callers = webtest.Callers{
	"ada":   verified("Ada", "ada@example.com", identity.Author),
	"ben":   verified("Ben", "ben@example.com", identity.Author),
	"edith": verified("Edith", "", identity.Editor),
	"emil":  verified("Emil", "", identity.Editor),
	"both":  verified("Both", "both@example.com", identity.Author, identity.Editor, identity.Staff),
	"stan":  verified("Stan", "", identity.Staff),
	"rita":  verified("Rita", "", identity.Learner),
	"una":   {ID: ids.Derive("una"), Name: "Una", Email: "una@example.com", Roles: []identity.Role{identity.Learner}},
}

func verified(name, email string, roles ...identity.Role) identity.Caller {
	return identity.Caller{ID: ids.Derive(strings.ToLower(name)), Name: name, Email: email, Roles: roles, Verified: true}
}

// world is the service on a store and a bus in memory.
type world struct {
	*webtest.Server
	states     *sidecartest.States
	side       *sidecar.Sidecar
	bus        *messagingtest.Bus
	on         map[string]messaging.Handler
	review     *domain.Review
	talk       *domain.Discussion
	tagging    *domain.Tagging
	announcing *domain.Announcing
	erasure    *domain.Erasure
	stores     domain.Stores
	index      *repositories.Index
	now        time.Time // of jobs
	compact    func(t *testing.T)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	states, side := sidecartest.New()
	bus, publisher := messagingtest.NewPublisher(t, "blog")
	index := repositories.NewIndex(side)
	stores := repositories.Stores(side, index)
	events := providers.NewEvents(publisher)
	workflow := domain.NewWorkflow(stores, texts, events)
	erasure := domain.NewErasure(workflow, repositories.NewDepartures(side))
	w := &world{
		erasure: erasure,
		Server:  webtest.New(handlers.Title, handlers.About, callers), states: states, side: side, bus: bus, review: domain.NewReview(workflow),
		talk: domain.NewDiscussion(stores, texts, events),
		on:   messagingtest.Handlers(handlers.Subscriptions(domain.NewAuthors(stores.Authors), erasure)),
		compact: func(t *testing.T) {
			must.Do(t, stores.Posts.Compact(t.Context()))
			must.Do(t, stores.Comments.Compact(t.Context()))
			must.Do(t, stores.Followers.Compact(t.Context()))
		},
		tagging: domain.NewTagging(workflow), stores: stores, index: index, now: time.Now().UTC().Truncate(time.Second),
	}
	handlers.InternalRoutes(web.NewAPI(w.Router.PathPrefix(handlers.InternalBase).Subrouter(), "Internal", ""), domain.NewOwnData(workflow))
	w.tagging.Now = func() time.Time { return w.now }
	w.announcing = domain.NewAnnouncing(stores, events)
	w.announcing.Pause = 0
	handlers.Routes(
		w.API, domain.NewReading(stores, texts), domain.NewAuthoring(workflow), w.review, w.talk, w.tagging, domain.NewFollows(stores, texts),
		index.Index, site,
	)
	return w
}

var (
	texts = providers.Texts{}
	site  = handlers.Site{URL: "https://stoa.example", Title: "Notes & <news>"}
)

const base = "/api/v1/blog"

// post is a post as any operation shows it.
type post struct {
	ID, Title, Description, Slug, ImgURL, Text, HTML, Excerpt string
	Tags                                                      []string
	Status                                                    string
	Version                                                   int64
	Draft                                                     bool
	Author                                                    struct{ ID, Name, ProfilePicURL string }
	Submitted                                                 *struct {
		Revision  int64
		PublishAt time.Time
	}
	Published *struct {
		Revision      int64
		Slug          string
		At, RevisedAt time.Time
	}
	Refusal *struct{ By, Note string }
	History []struct {
		Act, By, Note string
		Revision      int64
	}
	Changes *struct {
		Added, Removed int
		Rows           []any
	}
	Revision               int64
	Comments, Words        int
	PublishedAt, RevisedAt time.Time
}

// ask sends a request of someone, with a body unless it is nil. match is the If-Match header, unless it is "".
func (w *world) ask(t *testing.T, who, method, path string, body any, match ...string) *webtest.Answer {
	t.Helper()
	header := http.Header{}
	for _, m := range match {
		header.Set("If-Match", m)
	}
	return w.askWith(t, header, who, method, path, body)
}

func (w *world) askWith(t *testing.T, header http.Header, who, method, path string, body any) *webtest.Answer {
	t.Helper()
	text := ""
	if body != nil {
		text = string(must.Get(json.Marshal(body))(t))
	}
	return w.Do(t, webtest.Request{Method: method, Path: base + path, Token: who, Body: text, Header: header})
}

type object map[string]any

// full is the body of a post that can be submitted.
func full(title string, tags ...string) object {
	if tags == nil {
		tags = []string{"Go"}
	}
	return object{"title": title, "description": "About " + title, "text": "The *text* of " + title + ".", "tags": tags}
}

// created begins a post and returns it.
func (w *world) created(t *testing.T, who string, body object) post {
	t.Helper()
	return webtest.Read[post](w.ask(t, who, "POST", "/author", body), http.StatusCreated)
}

// do sends a request that succeeds, and returns the post of its answer.
func (w *world) do(t *testing.T, who, method, path string, body any, match ...string) post {
	t.Helper()
	return webtest.Read[post](w.ask(t, who, method, path, body, match...), http.StatusOK)
}

// submitted makes a post of Ada's that waits for an editor.
func (w *world) submitted(t *testing.T, body object) post {
	t.Helper()
	p := w.created(t, "ada", body)
	return w.do(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil)
}

// published makes a post of Ada's that is public.
func (w *world) published(t *testing.T, body object) post {
	t.Helper()
	p := w.submitted(t, body)
	return w.do(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil)
}

// titles returns the titles of all pages of a list.
func (w *world) titles(t *testing.T, who, path string) []string {
	t.Helper()
	titles := []string{}
	for cursor := ""; ; {
		answer := w.ask(t, who, "GET", path+"?limit=2&cursor="+cursor, nil)
		if answer.Code == http.StatusNotFound { // nothing has the tag
			return titles
		}
		page := webtest.Read[struct {
			Items []post
			Next  string
		}](answer, http.StatusOK)
		for _, p := range page.Items {
			titles = append(titles, p.Title)
		}
		if cursor = page.Next; cursor == "" {
			return titles
		}
	}
}

func TestOpenAPI_isWhatIsCheckedIn(t *testing.T) {
	golden.Check(t, "api/openapi/blog.json", newWorld(t).Description(t))
}

func TestAPI_isWhatItsDescriptionSays(t *testing.T) {
	must.HaveTime(t)
	w := newWorld(t)
	var ids, slugs, tags []string
	for n := range 12 {
		for done := range 3 {
			tag := fmt.Sprintf("T%d-%d", n, done)
			p := w.created(t, "both", full(fmt.Sprintf("Post %d of %d", n, done), "Go", tag))
			p = w.do(t, "both", "PUT", "/author/submit/id/"+p.ID, nil)
			switch done {
			case 0:
				w.do(t, "both", "PUT", "/author/withdraw/id/"+p.ID, nil)
			case 2:
				w.do(t, "both", "PUT", "/editor/publish/id/"+p.ID, nil)
				if n < 4 {
					ids = append(ids, slices.Repeat([]string{w.commented(t, "both", p.ID, "A comment on "+p.ID, "").ID}, 4)...)
				}
			}
			ids, slugs, tags = append(ids, p.ID), append(slugs, p.Slug), append(tags, tag)
		}
	}
	ids = append(ids, slices.Repeat([]string{callers["both"].ID}, 10)...)
	w.created(t, "ada", full("A post of another")) // so she can be followed
	ids = append(ids, slices.Repeat([]string{callers["ada"].ID}, 10)...)
	ids = append(ids, w.begin(t, "DELETE", "/editor/tags/"+tags[0], nil))
	w.ask(t, "both", "POST", "/search/rebuild", nil).Expect(http.StatusAccepted)
	openapitest.Attack(t, w.Server, openapitest.Client{SignIn: openapitest.As("both"), Knows: map[string][]string{
		"id": ids, "slug": slugs, "revision": {"1"}, "title": {"A title"}, "tags": {"Go"}, "tag": tags, "into": tags, "imgUrl": {"https://example.org/a.jpg"},
	}}, 200)
}
