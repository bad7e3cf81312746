package repositories_test

import (
	"testing"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/auth/internal/domain"
	"stoa/services/auth/internal/repositories"
)

func TestSessions_expireAlsoAfterAnUpdate(t *testing.T) {
	states, side := sidecartest.New()
	sessions := repositories.NewSessions(side)
	account := domain.Account{ID: ids.New()}
	session, _ := domain.NewSession(ids.New(), account, domain.Client{}, time.Now())
	must.Do(t, sessions.Add(t.Context(), account, session))
	key := "session:" + session.ID
	if got := states.TTL("auth-store", key); got != "604799" { // a moment has passed
		t.Errorf("got %q seconds, want seven days", got)
	}
	_, err := sessions.Update(t.Context(), session.ID, func(s *domain.Session) error { s.End(time.Now()); return nil })
	if got := states.TTL("auth-store", key); err != nil || got != "604799" {
		t.Errorf("after it ended: got %q seconds, %v", got, err)
	}
	if got := states.TTL("auth-store", "sessions-of:"+session.AccountID); got != "7779600" {
		t.Errorf("the list: got %q seconds, want ninety days and an hour", got)
	}
}

// Sessions that ended all at once take no room: otherwise the next sign-in would end the one that was spared.
func TestSessions_thatEndedAtOnceGiveWayToTheOneThatWasSpared(t *testing.T) {
	_, side := sidecartest.New()
	sessions, account := repositories.NewSessions(side), domain.Account{ID: ids.New()}
	open := func() string {
		session, _ := domain.NewSession(ids.New(), account, domain.Client{}, time.Now())
		must.Do(t, sessions.Add(t.Context(), account, session))
		return session.ID
	}
	spared := open()
	for range domain.MaxSessions - 1 {
		open()
	}
	account.Epoch, account.Spared = 1, spared
	latest := open()
	if session := must.Get(sessions.Get(t.Context(), spared))(t); !session.Active(time.Now()) {
		t.Error("the spared session has ended")
	}
	if left := must.Get(sessions.Of(t.Context(), account.ID))(t); len(left) != 2 || left[0].ID != spared || left[1].ID != latest {
		t.Errorf("%d sessions are listed", len(left))
	}
}

func TestMalformedIDs_areNotFound(t *testing.T) {
	states, side := sidecartest.New()
	states.Before = func(string, string) error { t.Error("the store was asked"); return nil }
	for _, id := range []string{"", "x", "a||b", "nobody"} {
		if _, err := repositories.NewSessions(side).Get(t.Context(), id); !errs.Is(err, errs.NotFound) {
			t.Errorf("session %q: got %v", id, err)
		}
		if _, err := repositories.NewAccounts(side).Get(t.Context(), id); !errs.Is(err, errs.NotFound) {
			t.Errorf("account %q: got %v", id, err)
		}
	}
}
