package identity_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
)

// tokens is a Verifier that knows its tokens by heart.
type tokens map[string]identity.Caller

func (v tokens) Verify(_ context.Context, token string) (identity.Caller, error) {
	caller, ok := v[token]
	switch {
	case token == "down":
		return caller, errs.New(errs.Unavailable, "auth is down")
	case !ok:
		return caller, errs.New(errs.Unauthenticated, "forged")
	}
	return caller, nil
}

type greeting struct{ Body struct{ ID string } }

func greet(ctx context.Context, _ *struct{}) (*greeting, error) {
	var out greeting
	out.Body.ID = identity.CallerOf(ctx).ID
	return &out, nil
}

func TestProtect(t *testing.T) {
	router := web.NewRouter()
	api := web.NewAPI(router, "Test", "")
	identity.Protect(api, tokens{
		"learner": {ID: "a-1", Roles: []identity.Role{identity.Learner}},
		"staff":   {ID: "a-2", Roles: []identity.Role{identity.Learner, identity.Staff}},
		"admin":   {ID: "a-3", Roles: []identity.Role{identity.Learner, identity.Admin}},
	})
	for path, security := range map[string][]map[string][]string{
		"/open": nil, "/mine": identity.SignedIn(), "/shop": identity.SignedIn(identity.Staff, identity.Editor),
	} {
		huma.Register(api, huma.Operation{
			OperationID: path[1:], Method: http.MethodGet, Path: path, Security: security,
		}, greet)
	}
	tests := map[string]struct {
		path, authorization string
		status              int
		body                string
	}{
		"open to all":            {"/open", "", 200, `"ID":""`},
		"open, token not looked": {"/open", "Bearer forged", 200, `"ID":""`},
		"nobody":                 {"/mine", "", 401, "unauthenticated"},
		"basic":                  {"/mine", "Basic bGVhcm5lcg==", 401, "unauthenticated"},
		"empty token":            {"/mine", "Bearer ", 401, "unauthenticated"},
		"token without scheme":   {"/mine", "learner", 401, "unauthenticated"},
		"forged":                 {"/mine", "Bearer forged", 401, "unauthenticated"},
		"signed in":              {"/mine", "Bearer learner", 200, "a-1"},
		"scheme in lower case":   {"/mine", "bearer learner", 200, "a-1"},
		"auth is down":           {"/mine", "Bearer down", 503, "unavailable"},
		"role missing":           {"/shop", "Bearer learner", 403, "EDITOR or STAFF"},
		"role held":              {"/shop", "Bearer staff", 200, "a-2"},
		"admin contains no role": {"/shop", "Bearer admin", 403, "forbidden"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			request := httptest.NewRequest(http.MethodGet, tt.path, nil)
			// Set by somebody in between, and never believed.
			request.Header.Set("X-User-Id", "a-9")
			if tt.authorization != "" {
				request.Header.Set("Authorization", tt.authorization)
			}
			answer := httptest.NewRecorder()
			router.ServeHTTP(answer, request)
			if answer.Code != tt.status || !strings.Contains(answer.Body.String(), tt.body) {
				t.Errorf("got %d %s; want %d with %s", answer.Code, answer.Body, tt.status, tt.body)
			}
			if challenge := answer.Header().Get("WWW-Authenticate"); (challenge != "") != (tt.status == 401) {
				t.Errorf("WWW-Authenticate is %q", challenge)
			}
			if (answer.Header().Get("Retry-After") != "") != (tt.status == 503) {
				t.Errorf("Retry-After is %q", answer.Header().Get("Retry-After"))
			}
		})
	}
}
