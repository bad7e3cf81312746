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
	"stoa/pkg/identity/signing"
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
	const ttl, latest = 15 * time.Minute, signing.Skew + time.Second
	tests := map[string]struct {
		age         time.Duration // of the token, by the clock here
		after       error         // what auth says of the session from the tenth second on
		leave       time.Duration
		least, most time.Duration
	}{
		"until the token expires":       {0, nil, time.Hour, ttl, ttl + latest},
		"beside a clock that is behind": {ttl + 10*time.Second, nil, time.Hour, 10 * time.Second, latest},
		"until the session ends":        {0, errEnded, time.Hour, 10 * time.Second, 15 * time.Second},
		"until nobody can be asked":     {0, errDown, time.Hour, 12 * time.Second, 15 * time.Second},
		"until the caller hangs up":     {0, nil, time.Minute, time.Minute, time.Minute},
		"no longer than the connection": {0, errEnded, time.Second, time.Second, time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, signer := newKey(t)
				began := time.Now()
				token := must.Get(signer.Sign(ada, began.Add(-tt.age), ttl))(t)
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
