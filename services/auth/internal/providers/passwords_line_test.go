package providers

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/services/auth/internal/domain"
)

// Callers wait in line, and leave it when their context ends.
func TestPasswords_waitForAFreeCore(t *testing.T) {
	passwords := NewPasswords(Memory)
	slots := int64(passwords.line.slots)
	must.Do(t, passwords.line.cores.Acquire(t.Context(), slots))
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := passwords.Hash(gone, domain.Origin{}, "password"); !errs.Is(err, errs.Unavailable) {
		t.Errorf("got %v, want unavailable", err)
	}
	if ok, err := passwords.Matches(gone, domain.Origin{}, "", "password", func() error { return nil }); ok || !errs.Is(err, errs.Unavailable) {
		t.Errorf("got %v, %v; want unavailable", ok, err)
	}
	passwords.line.cores.Release(slots)
	if _, err := passwords.Hash(t.Context(), domain.Origin{}, "password"); err != nil {
		t.Error(err)
	}
	if !passwords.line.cores.TryAcquire(slots) || passwords.line.taken > 0 {
		t.Error("a core or a place was not given back")
	}
}

// If the line is too long, a caller learns at once when to try again, and nothing has begun.
func TestPasswords_refuseACrowd(t *testing.T) {
	passwords := newPasswords(Memory, 1, keepMemory)
	passwords.line.size = 0
	_, err := passwords.Hash(t.Context(), domain.Origin{}, "password")
	if !errs.Is(err, errs.Unavailable) || errs.From(err).RetryAfter != retryAfter {
		t.Errorf("got %v, want unavailable", err)
	}
	if _, err = passwords.Matches(t.Context(), domain.Origin{}, "", "password", func() error { panic("it has begun") }); !errs.Is(err, errs.Unavailable) {
		t.Errorf("got %v, want unavailable", err)
	}
	passwords.line.size = keptPlaces + 1
	if _, err := passwords.Hash(t.Context(), domain.Origin{}, "password"); err != nil || passwords.line.taken != 0 || len(passwords.line.lanes) != 0 {
		t.Errorf("got %v, and %d places are taken", err, passwords.line.taken)
	}
}

// 42 clients of six networks come again as soon as they get an answer.
func TestPlaces_areLeftForOtherNetworks(t *testing.T) {
	line := newPlaces(maxWaiting+1, keptPlaces, 1)
	held := 0
	for client := range 42 {
		if _, ok := line.take(domain.Origin{Network: fmt.Sprint(client % 6)}); ok {
			held++
		}
	}
	for other := range 10 {
		place, ok := line.take(domain.Origin{Network: fmt.Sprint("other", other)})
		if !ok {
			t.Fatalf("six networks hold %d places and deny the next one", held)
		}
		place.leave()
	}
}

// A caller of another network waits for one caller of the crowd's network, not for all.
func TestPlaces_takeTurnsByNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := newPlaces(maxWaiting+1, keptPlaces, 1)
		var served []string
		join := func(network string) {
			place, ok := line.take(domain.Origin{Network: network})
			if !ok {
				t.Fatalf("there is no place for %s", network)
			}
			go func() {
				must.Do(t, place.run(t.Context(), func() {
					time.Sleep(time.Second)
					served = append(served, network)
				}))
			}()
			synctest.Wait()
		}
		for range 5 {
			join("crowd")
		}
		join("home")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := fmt.Sprint(served); got != "[crowd home crowd crowd crowd crowd]" {
			t.Errorf("served were %s", got)
		}
	})
}

// Networks of their own for each client take all places but those that are kept.
func TestPlaces_areKeptForFamiliarNetworks(t *testing.T) {
	line := newPlaces(maxWaiting+1, keptPlaces, 1)
	for client := range 1000 {
		line.take(domain.Origin{Network: fmt.Sprint(client)})
	}
	if _, ok := line.take(domain.Origin{Network: "stranger"}); ok {
		t.Error("a stranger takes a place that is kept")
	}
	for owner := range keptPlaces {
		if _, ok := line.take(domain.Origin{Network: fmt.Sprint("home", owner), Familiar: true}); !ok {
			t.Fatalf("there is no place for owner %d", owner)
		}
	}
}

// A network that is alone has half of the places that are not kept.
func TestPlaces_areHalfForOneNetwork(t *testing.T) {
	line := newPlaces(maxWaiting+1, keptPlaces, 1)
	held := 0
	for range 1000 {
		if _, ok := line.take(domain.Origin{Network: "crowd"}); ok {
			held++
		}
	}
	if held != (maxWaiting+1-keptPlaces+1)/2 {
		t.Errorf("it holds %d places", held)
	}
}

func TestPasswords_withOtherParametersAreOutdated(t *testing.T) {
	passwords := NewPasswords(Memory)
	hash, err := passwords.Hash(t.Context(), domain.Origin{}, "password")
	if err != nil || passwords.Outdated(hash) {
		t.Errorf("%s is outdated (%v)", hash, err)
	}
	const old = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	if !passwords.Outdated(old) {
		t.Error("a hash that costs less is up to date")
	}
}
