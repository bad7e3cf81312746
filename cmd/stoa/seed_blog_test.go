package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"stoa/internal/stack/secrets"
	"stoa/pkg/common/must"
)

// fakeBlog is a gateway with as much of auth and blog as the demo needs.
type fakeBlog struct {
	unverified bool
	failAt     int  // which request gets no answer, counted from 1; 0 for none
	lateFault  bool // whether that request takes effect all the same

	mu       sync.Mutex
	requests int
	accounts map[string][]string // roles by address
	sessions []session
	told     int                       // submissions of which an editor who has signed in is told
	Posts    map[string]*fakePost      // by key, which is the id too
	Comments map[string]map[string]any // by key, which is the id too
}

// session has the roles that an account had when it signed in: services remember them for some seconds.
type session struct {
	email string
	roles []string
}

type fakePost struct {
	Author, Slug string
	Version      int
	Public       bool
	Acts         []string
	Content      map[string]any
}

func newFakeBlog() *fakeBlog {
	return &fakeBlog{
		accounts: map[string][]string{"admin@stoa.local": {"ADMIN"}, "editor@stoa.local": {"EDITOR"}},
		Posts:    map[string]*fakePost{}, Comments: map[string]map[string]any{},
	}
}

// seeder returns a seeder for this blog.
func (f *fakeBlog) seeder(t *testing.T) *blogSeeder {
	t.Helper()
	mux := http.NewServeMux()
	for route, handle := range map[string]func(r *http.Request, by session, in map[string]any) (int, any){
		"POST /api/v1/auth/signup/basic":         f.signUp,
		"POST /api/v1/auth/signin/basic":         f.signIn,
		"PUT /api/v1/auth/users/{id}/roles":      f.setRoles,
		"GET /api/v1/blog/list/latest":           f.latest,
		"GET /api/v1/blog/slug/{slug}":           f.bySlug,
		"POST /api/v1/blog/author":               f.create,
		"PATCH /api/v1/blog/author/id/{id}":      f.act("edit", "AUTHOR"),
		"PUT /api/v1/blog/author/submit/id/{id}": f.act("submit", "AUTHOR"),
		"PUT /api/v1/blog/editor/{act}/id/{id}":  f.act("", "EDITOR"),
		"POST /api/v1/blog/id/{id}/comments":     f.comment,
	} {
		mux.HandleFunc(route, func(w http.ResponseWriter, r *http.Request) {
			var in map[string]any
			_ = json.NewDecoder(r.Body).Decode(&in) // some have none
			var by session
			var n int
			if _, err := fmt.Sscanf(r.Header.Get("Authorization"), "Bearer %d", &n); err == nil {
				by = f.sessions[n]
			}
			status, answer := handle(r, by, in)
			if status >= http.StatusBadRequest {
				w.Header().Set("Content-Type", "application/problem+json")
			}
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(answer)
		})
	}
	server := httptest.NewServer(f.failing(mux))
	t.Cleanup(server.Close)
	blog := must.Get(readDemoBlog())(t)
	c := credentials{Gateway: server.URL, Accounts: map[string]secrets.Account{
		"admin": {Email: "admin@stoa.local", Password: "a"}, "editor": {Email: "editor@stoa.local", Password: "e"},
	}}
	return &blogSeeder{demoBlog: blog, anyone: visitor{credentials: c}, people: map[string]*visitor{}, done: map[string]bool{}}
}

// failing answers one request with 503, before or after it takes effect.
func (f *fakeBlog) failing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.requests++
		if f.requests != f.failAt {
			next.ServeHTTP(w, r)
			return
		}
		if f.lateFault {
			next.ServeHTTP(httptest.NewRecorder(), r)
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	})
}

func problem(status int, kind string) (int, any) {
	return status, map[string]string{"kind": kind, "detail": kind}
}

func (f *fakeBlog) signUp(_ *http.Request, _ session, in map[string]any) (int, any) {
	email := in["email"].(string)
	if f.accounts[email] != nil {
		return problem(http.StatusConflict, "conflict")
	}
	f.accounts[email] = []string{"LEARNER"}
	return http.StatusCreated, map[string]any{}
}

func (f *fakeBlog) signIn(_ *http.Request, _ session, in map[string]any) (int, any) {
	email := in["email"].(string)
	f.sessions = append(f.sessions, session{email, f.accounts[email]})
	return http.StatusOK, map[string]any{
		"accessToken": fmt.Sprint(len(f.sessions) - 1),
		"user":        map[string]any{"id": email, "verified": !f.unverified, "roles": f.accounts[email]},
	}
}

func (f *fakeBlog) setRoles(r *http.Request, by session, in map[string]any) (int, any) {
	if !slices.Contains(by.roles, "ADMIN") {
		return problem(http.StatusForbidden, "forbidden")
	}
	var roles []string
	for _, role := range in["roles"].([]any) {
		roles = append(roles, role.(string))
	}
	f.accounts[r.PathValue("id")] = roles
	return http.StatusOK, map[string]any{}
}

func (f *fakeBlog) latest(*http.Request, session, map[string]any) (int, any) {
	items := []any{}
	for _, p := range f.Posts {
		if p.Public {
			items = append(items, p)
		}
	}
	return http.StatusOK, map[string]any{"items": items}
}

func (f *fakeBlog) bySlug(r *http.Request, _ session, _ map[string]any) (int, any) {
	for _, p := range f.Posts {
		if p.Public && p.Slug == r.PathValue("slug") {
			return http.StatusOK, map[string]any{}
		}
	}
	return problem(http.StatusNotFound, "not_found")
}

func (f *fakeBlog) create(r *http.Request, by session, in map[string]any) (int, any) {
	if !slices.Contains(by.roles, "AUTHOR") {
		return problem(http.StatusForbidden, "forbidden")
	}
	key := r.Header.Get("Idempotency-Key")
	if f.Posts[key] == nil {
		f.Posts[key] = &fakePost{Author: by.email, Slug: strings.TrimPrefix(key, "seed-"), Version: 1, Content: in}
	}
	return http.StatusCreated, map[string]any{"id": key, "version": f.Posts[key].Version}
}

// act changes a post by an act of people with a role; without a name, the path has it.
func (f *fakeBlog) act(name, role string) func(*http.Request, session, map[string]any) (int, any) {
	return func(r *http.Request, by session, in map[string]any) (int, any) {
		p := f.Posts[r.PathValue("id")]
		switch {
		case !slices.Contains(by.roles, role) || role == "AUTHOR" && by.email != p.Author:
			return problem(http.StatusForbidden, "forbidden")
		case r.Header.Get("If-Match") != fmt.Sprintf(`"%d"`, p.Version):
			return problem(http.StatusPreconditionFailed, "outdated")
		}
		act := name + r.PathValue("act")
		if act == "edit" {
			maps.Copy(p.Content, in)
		}
		isEditor := func(s session) bool { return slices.Contains(s.roles, "EDITOR") }
		if act == "submit" && slices.ContainsFunc(f.sessions, isEditor) {
			f.told++
		}
		p.Version, p.Acts = p.Version+1, append(p.Acts, act)
		p.Public = act != "unpublish" && (p.Public || act == "publish")
		return http.StatusOK, map[string]any{"id": r.PathValue("id"), "version": p.Version}
	}
}

func (f *fakeBlog) comment(r *http.Request, by session, in map[string]any) (int, any) {
	p := f.Posts[r.PathValue("id")]
	replyTo, isReply := in["replyTo"].(string)
	if by.email == "" || !p.Public || isReply && f.Comments[replyTo] == nil {
		return problem(http.StatusNotFound, "not_found")
	}
	key := r.Header.Get("Idempotency-Key")
	f.Comments[key] = in
	in["by"], in["post"] = by.email, r.PathValue("id")
	return http.StatusCreated, map[string]any{"id": key}
}

// A post goes through what its files say, in their order, and its people do it.
func TestSeedBlog_takesEachPostToItsState(t *testing.T) {
	f := newFakeBlog()
	posts, comments, err := f.seeder(t).run(t.Context())
	if err != nil || posts != len(f.Posts) || comments != len(f.Comments) || posts < 20 || comments < 50 {
		t.Fatalf("%d of %d posts, %d of %d comments, %v", posts, len(f.Posts), comments, len(f.Comments), err)
	}
	for name, want := range map[string]string{
		"a-second-kiln":                 "",
		"how-this-blog-keeps-a-draft":   "submit",
		"how-we-pack-an-amphora":        "submit refuse edit submit publish",
		"opening-hours-in-august":       "submit publish edit submit publish",
		"seconds-from-the-last-firing":  "submit publish unpublish",
		"swapping-a-broker-by-a-folder": "submit publish edit submit",
		"what-kill-9-proves":            "submit publish",
	} {
		if got := strings.Join(f.Posts["seed-"+name].Acts, " "); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}

	if f.told > 5 {
		t.Errorf("the editor gets %d mails, and few are left for the hour", f.told)
	}

	// A second run finds nothing to do.
	if posts, comments, err := f.seeder(t).run(t.Context()); posts+comments != 0 || err != nil {
		t.Errorf("again: %d posts, %d comments, %v", posts, comments, err)
	}
}

// A run that was interrupted anywhere is completed by the next one, and nothing is there twice.
func TestSeedBlog_completesWhatWasInterrupted(t *testing.T) {
	must.HaveTime(t)
	whole := newFakeBlog()
	_, _, err := whole.seeder(t).run(t.Context())
	must.Do(t, err)
	for failAt := 1; failAt <= whole.requests; failAt += 7 {
		for _, late := range []bool{false, true} {
			f := newFakeBlog()
			f.failAt, f.lateFault = failAt, late
			if _, _, err := f.seeder(t).run(t.Context()); err == nil {
				t.Errorf("request %d failed, and the run did not", failAt)
			}
			_, _, err := f.seeder(t).run(t.Context())
			must.Do(t, err)
			if !reflect.DeepEqual(f.Posts, whole.Posts) || !reflect.DeepEqual(f.Comments, whole.Comments) {
				t.Errorf("request %d failed (late: %v): %d posts, %d comments", failAt, late, len(f.Posts), len(f.Comments))
			}
		}
	}
}

// A blog that somebody writes gets no demo posts.
func TestSeedBlog_leavesABlogWithPostsAlone(t *testing.T) {
	f := newFakeBlog()
	f.Posts["own"] = &fakePost{Slug: "hello", Public: true}
	if posts, _, err := f.seeder(t).run(t.Context()); posts != 0 || err != nil || len(f.accounts) != 2 {
		t.Errorf("%d posts, %v, %d accounts", posts, err, len(f.accounts))
	}
}

// Where addresses have to be verified, nobody can act for the demo people.
func TestSeedBlog_actsForNobodyWhoIsNotVerified(t *testing.T) {
	f := newFakeBlog()
	f.unverified = true
	s := f.seeder(t)
	var said strings.Builder
	must.Do(t, seedBlog(t.Context(), &said, s.anyone.credentials))
	if len(f.Posts) != 0 || !strings.Contains(said.String(), "verified") {
		t.Errorf("%d posts, said %q", len(f.Posts), said.String())
	}
}
