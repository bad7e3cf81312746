package handlers

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gorilla/mux"

	"stoa/pkg/common/ids"
	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/providers/api"
)

// changes stands in for services that have an empty object for every question, and notes what they were asked to change.
type changes []string

// RoundTrip implements http.RoundTripper.
func (c *changes) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "/preview") {
		*c = append(*c, r.Method+" "+r.URL.Path)
	}
	answer := httptest.NewRecorder()
	_, _ = io.WriteString(answer, "{}") // never fails
	return answer.Result(), nil
}

// A form that comes back after another sign-in is shown. Nobody knows whether the same person has signed in, so it changes nothing.
func TestForms_changeNothingAfterAnotherSignIn(t *testing.T) {
	member := domain.Visitor{Person: domain.Person{ID: "1", Roles: givenRoles}, Token: "t"}
	kept := url.Values{againField: {"yes"}, "step": {"ship"}, "do": {"delete"}, "act": {replayLetters}, versionField: {"1"}, "id": {ids.New()}}
	first, _ := visitOf(t, member, http.MethodPost, "/", "")
	forms := 0
	for i, e := range first.site.entries() {
		if e.method != http.MethodPost || !e.allow.signedIn {
			continue // nobody is asked to sign in there
		}
		forms++
		v, states, answer := visitAt(t, member, http.MethodPost, "/?email=ada@example.com", kept.Encode())
		var asked changes
		v.site.api = api.New(&asked)
		v.r = mux.SetURLVars(v.r, map[string]string{"id": ids.New(), "slug": "a-post", "tag": "go", "revision": "1"})
		err := v.site.entries()[i].do(v)
		if stored := states.Keys("web-store", ""); len(asked)+len(stored) > 0 {
			t.Errorf("%s: it changes %v %v, and answers %d, %v", e.path, asked, stored, answer.Code, err)
		}
	}
	if forms < 30 {
		t.Errorf("there are %d forms", forms)
	}
}
