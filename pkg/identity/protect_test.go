package identity_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/identity"
)

// tokens are the callers by token; the token "down" stands for an outage of auth.
type tokens struct{ webtest.Callers }

func (v tokens) Verify(ctx context.Context, token string) (identity.Caller, error) {
	if token == "down" {
		return identity.Caller{}, errs.New(errs.Unavailable, "auth is down")
	}
	return v.Callers.Verify(ctx, token)
}

type greeting struct{ Body struct{ ID string } }

func greet(ctx context.Context, _ *struct{}) (*greeting, error) {
	var out greeting
	out.Body.ID = identity.CallerOf(ctx).ID
	return &out, nil
}

func TestProtect(t *testing.T) {
	server := webtest.New("Test", "", tokens{webtest.Callers{
		"new":     {ID: "a-0", Roles: []identity.Role{identity.Learner}},
		"learner": {ID: "a-1", Roles: []identity.Role{identity.Learner}, Verified: true},
		"staff":   {ID: "a-2", Roles: []identity.Role{identity.Learner, identity.Staff}},
		"admin":   {ID: "a-3", Roles: []identity.Role{identity.Learner, identity.Admin}},
	}})
	for path, security := range map[string][]map[string][]string{
		"/open": nil, "/mine": identity.SignedIn(), "/orders": identity.Verified(), "/shop": identity.SignedIn(identity.Staff, identity.Editor),
	} {
		huma.Register(server.API, huma.Operation{
			OperationID: path[1:], Method: http.MethodGet, Path: path, Security: security,
		}, greet)
	}
	tests := map[string]struct {
		path, authorization string
		status              int
		body                string
	}{
		"open to all":             {"/open", "", 200, `"ID":""`},
		"open, token not checked": {"/open", "Bearer forged", 200, `"ID":""`},
		"nobody":                  {"/mine", "", 401, "unauthenticated"},
		"basic":                   {"/mine", "Basic bGVhcm5lcg==", 401, "unauthenticated"},
		"empty token":             {"/mine", "Bearer ", 401, "unauthenticated"},
		"token without scheme":    {"/mine", "learner", 401, "unauthenticated"},
		"forged":                  {"/mine", "Bearer forged", 401, "unauthenticated"},
		"signed in":               {"/mine", "Bearer learner", 200, "a-1"},
		"scheme in lower case":    {"/mine", "bearer learner", 200, "a-1"},
		"auth is down":            {"/mine", "Bearer down", 503, "unavailable"},
		"signed in, unverified":   {"/mine", "Bearer new", 200, "a-0"},
		"verified":                {"/orders", "Bearer learner", 200, "a-1"},
		"not verified":            {"/orders", "Bearer new", 403, "address_not_verified"},
		"verified, nobody":        {"/orders", "", 401, "unauthenticated"},
		"verified, auth is down":  {"/orders", "Bearer down", 503, "unavailable"},
		"role missing":            {"/shop", "Bearer learner", 403, "EDITOR or STAFF"},
		"role held":               {"/shop", "Bearer staff", 200, "a-2"},
		"admin contains no role":  {"/shop", "Bearer admin", 403, "forbidden"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			header := http.Header{"X-User-Id": {"a-9"}} // set by something in between, and never trusted
			if tt.authorization != "" {
				header.Set("Authorization", tt.authorization)
			}
			answer := server.Do(t, webtest.Request{Path: tt.path, Header: header})
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
