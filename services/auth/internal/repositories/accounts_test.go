package repositories_test

import (
	"errors"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/auth/internal/repositories"
)

func TestAccounts_areReadyIfTheStoreAnswers(t *testing.T) {
	states, side := sidecartest.New()
	accounts := repositories.NewAccounts(side)
	if err := accounts.Ready(t.Context()); err != nil {
		t.Errorf("the store is up: %v", err)
	}
	states.Before = func(string, string) error { return errors.New("down") }
	if err := accounts.Ready(t.Context()); !errs.Is(err, errs.Unavailable) {
		t.Errorf("got %v, want unavailable", err)
	}
}
