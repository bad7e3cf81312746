package handlers_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gorilla/mux"

	"stoa/internal/golden"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/notification/internal/domain"
	"stoa/services/notification/internal/handlers"
	"stoa/services/notification/internal/repositories"
)

// verifier takes the token for the caller's id.
type verifier struct{}

func (verifier) Verify(_ context.Context, token string) (identity.Caller, error) {
	if token == "forged" {
		return identity.Caller{}, errs.New(errs.Unauthenticated, "the token is not valid")
	}
	return identity.Caller{ID: token, Roles: []identity.Role{identity.Learner}}, nil
}

func serve(side *sidecar.Sidecar) (*mux.Router, huma.API) {
	router := web.NewRouter()
	api := web.NewAPI(router, "Notifications", "Your notifications about orders and accounts.")
	identity.Protect(api, verifier{})
	handlers.Routes(api, repositories.NewInbox(side))
	return router, api
}

func get(router http.Handler, path, token string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodGet, path, nil)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer := httptest.NewRecorder()
	router.ServeHTTP(answer, request)
	return answer
}

func TestOpenAPI_isWhatIsCheckedIn(t *testing.T) {
	_, side := sidecartest.New()
	_, api := serve(side)
	raw, err := json.MarshalIndent(api.OpenAPI(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "api/openapi/notification.json", append(raw, '\n'))
}

func TestInbox_isListedInPages(t *testing.T) {
	_, side := sidecartest.New()
	on := replica(t, side, &post{})
	for _, status := range []string{"confirmed", "shipped", "delivered"} {
		e := event(t, "order."+status+".v1", order(status))
		if err := on[e.Type](t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	router, _ := serve(side)
	var kinds []domain.Kind
	for path := "/api/v1/notifications?limit=2"; path != ""; {
		answer := get(router, path, customerID)
		var page struct {
			Items []domain.Entry
			Next  string
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &page); err != nil || answer.Code != http.StatusOK {
			t.Fatalf("%d %s", answer.Code, answer.Body)
		}
		for _, entry := range page.Items {
			kinds = append(kinds, entry.Kind)
		}
		path = ""
		if page.Next != "" {
			path = "/api/v1/notifications?limit=2&cursor=" + page.Next
		}
	}
	if len(kinds) != 3 || kinds[0] != domain.OrderDelivered || kinds[2] != domain.OrderConfirmed {
		t.Errorf("got %v, want the newest first", kinds)
	}
}

func TestInbox_answers(t *testing.T) {
	_, side := sidecartest.New()
	router, _ := serve(side)
	for name, tt := range map[string]struct {
		path, token string
		want        int
	}{
		"a new user":        {"/api/v1/notifications", "new", http.StatusOK},
		"no token":          {"/api/v1/notifications", "", http.StatusUnauthorized},
		"a forged token":    {"/api/v1/notifications", "forged", http.StatusUnauthorized},
		"an invalid cursor": {"/api/v1/notifications?cursor=x", "new", http.StatusUnprocessableEntity},
		"too many":          {"/api/v1/notifications?limit=101", "new", http.StatusUnprocessableEntity},
	} {
		if answer := get(router, tt.path, tt.token); answer.Code != tt.want {
			t.Errorf("%s: got %d %s, want %d", name, answer.Code, answer.Body, tt.want)
		}
	}
	if body := get(router, "/api/v1/notifications", "new").Body.String(); body != `{"items":[]}`+"\n" {
		t.Errorf("an empty inbox is %s", body)
	}
}
