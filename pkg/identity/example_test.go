package identity_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/identity"
)

// A service protects its API once; each operation says who may call it.
func ExampleProtect() {
	router := web.NewRouter()
	api := web.NewAPI(router, "Tasks", "")
	identity.Protect(api, webtest.Callers{"ada": {ID: "a-1", Roles: []identity.Role{identity.Learner}}}) // FromAuth(sidecar) in a process

	type output struct{ Body string }
	whoami := func(ctx context.Context, _ *struct{}) (*output, error) {
		return &output{Body: identity.CallerOf(ctx).ID}, nil
	}
	huma.Register(api, huma.Operation{
		OperationID: "whoami", Method: http.MethodGet, Path: "/whoami", Security: identity.SignedIn(),
	}, whoami)
	huma.Register(api, huma.Operation{
		OperationID: "staff", Method: http.MethodGet, Path: "/staff", Security: identity.SignedIn(identity.Staff),
	}, whoami)

	for _, path := range []string{"/whoami", "/staff"} {
		request := httptest.NewRequest(http.MethodGet, path, nil)
		request.Header.Set("Authorization", "Bearer ada")
		answer := httptest.NewRecorder()
		router.ServeHTTP(answer, request)
		fmt.Println(path, answer.Code)
	}
	// Output:
	// /whoami 200
	// /staff 403
}
