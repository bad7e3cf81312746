package handlers

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"stoa/api/access"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/providers"
	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
	"stoa/services/web/internal/repositories"
)

// views are read once: that takes a while.
var views = sync.OnceValues(view.New)

// visitOf returns the visit of somebody, in front of a site without services.
func visitOf(t *testing.T, who domain.Visitor, method, path, form string) (*visit, *httptest.ResponseRecorder) {
	t.Helper()
	v, _, answer := visitAt(t, who, method, path, form)
	return v, answer
}

// visitAt is visitOf that returns the store of the site, too.
func visitAt(t *testing.T, who domain.Visitor, method, path, form string) (*visit, *sidecartest.States, *httptest.ResponseRecorder) {
	t.Helper()
	states, side := sidecartest.New()
	client := api.New(http.DefaultTransport)
	sessions := domain.NewSessions(repositories.NewSessions(side), providers.NewTokens(client, webtest.Callers{}))
	sealer := must.Get(domain.NewSealer(strings.Repeat("A", 43)))(t)
	site := must.Get(NewSite(must.Get(views())(t), sessions, repositories.NewCarts(side), client, sealer, ""))(t)
	answer := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(form))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	v := site.receive(answer, request, entry{})
	v.who = who
	return v, states, answer
}

// Each kind of page, opened by each kind of visitor.
func TestAdmit_letsInThoseWhoMay(t *testing.T) {
	member := func(roles ...string) domain.Visitor {
		return domain.Visitor{Person: domain.Person{ID: "1", Roles: roles}, Token: "t"}
	}
	visitors := map[string]domain.Visitor{
		"guest": {}, "learner": member("LEARNER"), "staff": member(domain.Staff), "admin": member(domain.Admin), "without a token": {Person: domain.Person{ID: "1"}},
	}
	for name, tt := range map[string]struct {
		allow allow
		want  map[string]int // for others 0
	}{
		"everyone":  {everyone, nil},
		"signed in": {signedIn(), map[string]int{"guest": 401, "without a token": 503}},
		"staff":     {signedIn(domain.Staff, domain.Admin), map[string]int{"guest": 401, "without a token": 503, "learner": 403}},
	} {
		for who, visitor := range visitors {
			v, _ := visitOf(t, visitor, http.MethodGet, "/", "")
			status := 0
			if err := v.admit(tt.allow); err != nil {
				status = errs.KindOf(err).HTTPStatus()
			}
			if status != tt.want[who] {
				t.Errorf("%s, %s: got %d, want %d", name, who, status, tt.want[who])
			}
		}
	}
}

func TestFail_asksToSignInAndKeepsWhatWasTyped(t *testing.T) {
	v, answer := visitOf(t, domain.Visitor{}, http.MethodGet, "/orders?cursor=1", "")
	v.fail(v.admit(signedIn()))
	if got := answer.Header().Get("Location"); answer.Code != http.StatusSeeOther || got != "/sign-in?then=%2Forders%3Fcursor%3D1" {
		t.Errorf("a page: got %d %q", answer.Code, got)
	}
	v, answer = visitOf(t, domain.Visitor{}, http.MethodPost, "/write/1", "text=a+%3Cb%3E&current=secret&key=k")
	v.fail(v.admit(signedIn()))
	page := answer.Body.String()
	for text, want := range map[string]bool{
		`name="kept.text" value="a &lt;b&gt;"`: true, `name="kept.key" value="k"`: true, `name="kept." value="yes"`: true,
		`name="then" value="/write/1"`: true, "What you typed is kept.": true, "secret": false,
	} {
		if strings.Contains(page, text) != want {
			t.Errorf("%s: got %v: %s", text, !want, page)
		}
	}
	if answer.Code != http.StatusUnauthorized {
		t.Errorf("got %d", answer.Code)
	}
}

// The tables say nothing that cannot be.
func TestEntries_areWellFormed(t *testing.T) {
	v, _ := visitOf(t, domain.Visitor{}, http.MethodGet, "/", "")
	seen := map[string]bool{}
	for _, e := range v.site.entries() {
		operation := e.method + " " + e.path
		switch {
		case seen[operation]:
			t.Errorf("%s is there twice", operation)
		case e.method != http.MethodGet && e.method != http.MethodPost:
			t.Errorf("%s: browsers send GET and POST", operation)
		case e.shared && (e.allow.signedIn || e.method != http.MethodGet):
			t.Errorf("%s cannot be the same for all guests", operation)
		case len(e.allow.roles) > 0 && !e.allow.signedIn:
			t.Errorf("%s: only somebody who is signed in has roles", operation)
		}
		seen[operation] = true
	}
}

// Who may open what was decided in api/access/pages.yaml, where it can be read in one place.
func TestEntries_areForThoseWhoWereDecided(t *testing.T) {
	v, _ := visitOf(t, domain.Visitor{}, http.MethodGet, "/", "")
	rules := must.Get(access.Pages())(t)
	there := map[string]bool{}
	for _, e := range v.site.entries() {
		rule := rules[e.path].Get
		if e.method == http.MethodPost {
			rule = rules[e.path].Post
		}
		there[e.method+e.path] = true
		switch {
		case rule == nil:
			t.Errorf("%s %s is not in pages.yaml", e.method, e.path)
			continue
		case e.method+e.path == "POST/write/{id}/autosave":
			continue // it says itself that somebody may not, see TestAutosave_saysWhatItHasSaved
		}
		for _, caller := range access.Callers() {
			if caller == access.NoKey || caller == access.WeakKey {
				continue
			}
			v.who = visitorOf(caller)
			got := access.Allowed
			if err := v.admit(e.allow); err != nil {
				got = access.Outcome(errs.KindOf(err).HTTPStatus())
			}
			if want := rule.Outcome(caller); got != want {
				t.Errorf("%s %s, %s: got %d, want %d", e.method, e.path, caller, got, want)
			}
		}
	}
	for path, rule := range rules {
		if rule.Get != nil && !there[http.MethodGet+path] || rule.Post != nil && !there[http.MethodPost+path] {
			t.Errorf("pages.yaml has %s, which there is not", path)
		}
	}
}

// visitorOf returns somebody of this kind.
func visitorOf(caller access.Caller) domain.Visitor {
	role := string(caller)
	switch caller {
	case access.KeyOnly:
		return domain.Visitor{}
	case access.Unverified:
		role = "LEARNER"
	}
	return domain.Visitor{Person: domain.Person{ID: "1", Roles: []string{role}}, Token: "t"}
}
