package webtest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/identity"
)

type greeting struct {
	Name, Caller string
	Lasting      bool
}

func newServer() *webtest.Server {
	server := webtest.New("Greetings", "", webtest.Callers{
		"ada":   {ID: "a-1", Roles: []identity.Role{identity.Learner}},
		"grace": {ID: "a-2", Roles: []identity.Role{identity.Staff}},
	})
	huma.Register(server.API, huma.Operation{
		OperationID: "greet", Method: http.MethodPost, Path: "/greetings", Security: identity.SignedIn(identity.Staff),
	}, func(ctx context.Context, in *struct {
		web.Idempotency
		Body struct {
			Name string `json:"name" minLength:"1"`
		}
	}) (*struct{ Body greeting }, error) {
		caller := identity.CallerOf(ctx)
		lasting := caller.ExpiresAt.After(time.Now())
		return &struct{ Body greeting }{greeting{Name: in.Body.Name + in.Key, Caller: caller.ID, Lasting: lasting}}, nil
	})
	server.Router.Path("/ping").Methods(http.MethodGet).HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	})
	return server
}

func TestServer_answersCallers(t *testing.T) {
	server := newServer()
	post := func(token, body string) *webtest.Answer {
		return server.Do(t, webtest.Request{
			Method: http.MethodPost, Path: "/greetings", Token: token, Body: body, Header: http.Header{"Idempotency-Key": {"!"}},
		})
	}
	got := webtest.Read[greeting](post("grace", `{"name":"Alan"}`), http.StatusOK)
	if want := (greeting{Name: "Alan!", Caller: "a-2", Lasting: true}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	post("grace", `{"name":""}`).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "name")
	post("ada", `{"name":"Alan"}`).ExpectProblem(http.StatusForbidden, errs.Forbidden, "")
	post("eve", `{"name":"Alan"}`).ExpectProblem(http.StatusUnauthorized, errs.Unauthenticated, "")
	post("", `{"name":"Alan"}`).ExpectProblem(http.StatusUnauthorized, errs.Unauthenticated, "")
	server.Do(t, webtest.Request{Path: "/ping"}).Expect(http.StatusNoContent)
	if !strings.Contains(string(server.Description(t)), `"operationId": "greet"`) {
		t.Error("the description lacks an operation")
	}
}

func TestServer_servesOneCallerThatGoesAway(t *testing.T) {
	server := newServer()
	ended := make(chan struct{})
	server.Router.Path("/stream").HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		close(ended)
	})
	ctx, leave := context.WithCancel(t.Context())
	leave()
	server.Serve(ctx, httptest.NewRecorder(), webtest.Request{Path: "/stream"})
	<-ended
}

// strict notes that a test would have ended.
type strict struct {
	testing.TB
	failed bool
}

func (s *strict) Helper()               {}
func (s *strict) Fatalf(string, ...any) { s.failed = true }

func TestAnswer_endsTheTestUponAnotherAnswer(t *testing.T) {
	server := newServer()
	for name, expect := range map[string]func(*webtest.Answer){
		"another status": func(a *webtest.Answer) { a.Expect(http.StatusOK) },
		"no JSON":        func(a *webtest.Answer) { webtest.Read[greeting](a, http.StatusNoContent) },
		"no problem":     func(a *webtest.Answer) { a.ExpectProblem(http.StatusNoContent, errs.Invalid, "") },
	} {
		s := &strict{TB: t}
		if expect(server.Do(s, webtest.Request{Path: "/ping"})); !s.failed {
			t.Errorf("%s: the test goes on", name)
		}
	}
}
