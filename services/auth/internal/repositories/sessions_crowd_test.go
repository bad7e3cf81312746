package repositories_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/auth/internal/domain"
	"stoa/services/auth/internal/repositories"
)

// Of many sign-ins at the same time, none opens a session that its owner cannot see.
func TestSessions_openedTogetherAreAllListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // a busy machine is no slow store
		states, side := sidecartest.New()
		sessions := repositories.NewSessions(side)
		account := domain.Account{ID: ids.New()}
		var all sync.WaitGroup
		for range 2 * domain.MaxSessions {
			all.Go(func() {
				session, _ := domain.NewSession(ids.New(), account, domain.Client{}, time.Now())
				if err := sessions.Add(t.Context(), account, session); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		listed := must.Get(sessions.Of(t.Context(), account.ID))(t)
		seen := map[string]bool{}
		for _, session := range listed {
			seen["session:"+session.ID] = true
		}
		for _, key := range states.Keys("auth-store", "session:") {
			session := must.Get(sessions.Get(t.Context(), key[len("session:"):]))(t)
			if session.Active(time.Now()) && !seen[key] {
				t.Errorf("%s is active and not listed", key)
			}
		}
	})
}
