package handlers_test

import (
	"net/http"
	"slices"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
)

func TestLivenessOfASession(t *testing.T) {
	s := newService(t)
	up := read[grant](t, s.ask(http.MethodPost, "/signup/basic", adaSignsUp), http.StatusCreated)
	caller, err := s.verifier.Verify(t.Context(), up.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	path := "/internal/sessions/" + caller.SessionID
	alive := read[struct {
		AccountID string
		Roles     []string
	}](t, s.askAt(http.MethodGet, path, ""), http.StatusOK)
	if alive.AccountID != up.User.ID || !slices.Equal(alive.Roles, []string{"LEARNER"}) {
		t.Errorf("got %+v", alive)
	}
	refused(t, s.askAt(http.MethodGet, "/internal/sessions/"+up.User.ID, ""), errs.NotFound, "")
	refused(t, s.ask(http.MethodGet, "/internal/sessions/"+caller.SessionID, ""), errs.NotFound, "")
	s.states.Before = func(string, string) error { return status.Error(codes.Unavailable, "down") }
	refused(t, s.askAt(http.MethodGet, path, ""), errs.Unavailable, "")
}
