package identity_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
)

// watching serves one operation, which runs as long as the caller may be served.
func watching(verifier identity.Verifier) http.Handler {
	router := web.NewRouter()
	api := web.NewAPI(router, "Test", "")
	identity.Protect(api, verifier)
	huma.Register(api, huma.Operation{
		OperationID: "watch", Method: http.MethodGet, Path: "/watch", Security: identity.SignedIn(),
	}, func(ctx context.Context, _ *struct{}) (*struct{}, error) {
		lasting, end := identity.Lasting(ctx)
		defer end()
		<-lasting.Done()
		return nil, nil
	})
	return router
}

func TestLasting(t *testing.T) {
	tests := map[string]struct {
		after       error // what auth says of the session from the tenth second on
		leave       time.Duration
		least, most time.Duration
	}{
		"until the token expires":       {nil, time.Hour, 15 * time.Minute, 15 * time.Minute},
		"until the session ends":        {errEnded, time.Hour, 10 * time.Second, 15 * time.Second},
		"until nobody can be asked":     {errDown, time.Hour, 12 * time.Second, 15 * time.Second},
		"until the caller hangs up":     {nil, time.Minute, time.Minute, time.Minute},
		"no longer than the connection": {errEnded, time.Second, time.Second, time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, signer := newKey(t)
				began := time.Now()
				token := must.Get(signer.Sign(ada, began, 15*time.Minute))(t)
				auth := newRegistry()
				change := time.AfterFunc(10*time.Second, func() { auth.answer(tt.after) })
				defer change.Stop()
				ctx, leave := context.WithTimeout(t.Context(), tt.leave)
				defer leave()
				request := httptest.NewRequestWithContext(ctx, http.MethodGet, "/watch", nil)
				request.Header.Set("Authorization", "Bearer "+token)
				answer := httptest.NewRecorder()
				watching(identity.NewVerifier(identity.NewTokenVerifier(published(signer)), auth.ask)).ServeHTTP(answer, request)
				if took := time.Since(began); answer.Code >= 400 || took < tt.least || took > tt.most {
					t.Errorf("got %d after %s, want %s to %s", answer.Code, took, tt.least, tt.most)
				}
			})
		})
	}
}
