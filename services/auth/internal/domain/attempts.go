package domain

import (
	"context"
	"maps"
	"slices"
	"time"

	"stoa/pkg/common/errs"
)

const (
	// freeAttempts is how many wrong passwords for one e-mail address a network may send before it has to wait.
	freeAttempts = 10
	// maxWait is the longest wait between two attempts.
	maxWait = 15 * time.Minute
	// strangeAttempts is how many attempts on one e-mail address all unfamiliar networks together have in a strangePeriod.
	strangeAttempts = 100
	strangePeriod   = time.Hour
	// triesTTL is how long the attempts of a network count after its last one, and maxTries how many networks are counted.
	triesTTL = 24 * time.Hour
	maxTries = 200
)

// Attempts counts the attempts to sign in with an e-mail address, with or without an account. An attempt counts before its
// outcome is known, so that many at the same time cannot exceed the limit. Success removes it from the count.
type Attempts struct {
	// Strange counts the attempts from unfamiliar networks since Since.
	Strange int       `json:"strange"`
	Since   time.Time `json:"since"`
	// Networks counts the attempts of each network.
	Networks map[string]Tries `json:"networks"`
	// Asked is when links that set the password were asked for, within the last linksPeriod.
	Asked []time.Time `json:"asked,omitempty"`
}

// Tries are the attempts of one network.
type Tries struct {
	Count int       `json:"count"`
	Last  time.Time `json:"last"`
	// Until is when the next attempt is allowed.
	Until time.Time `json:"until"`
}

// Origin is the network that a password comes from.
type Origin struct {
	Network string
	// Familiar says that the account was signed in to from this network before.
	Familiar bool
}

// begin counts an attempt, or refuses it with errs.RateLimited. The limit for unfamiliar networks does not count for familiar
// ones, so strangers cannot lock the owner out.
func (a *Attempts) begin(from Origin, now time.Time) error {
	a.forget(now)
	tries := a.Networks[from.Network]
	if now.Before(tries.Until) {
		return tooManyAttempts(tries.Until.Sub(now))
	}
	if !from.Familiar {
		if a.Strange >= strangeAttempts {
			return tooManyAttempts(a.Since.Add(strangePeriod).Sub(now))
		}
		a.Strange++
	}
	tries.Count, tries.Last = tries.Count+1, now.UTC()
	if over := tries.Count - freeAttempts; over >= 0 {
		tries.Until = now.UTC().Add(min(time.Second<<min(over, 20), maxWait))
	}
	a.Networks[from.Network] = tries
	return nil
}

// succeed forgets the attempts of a network, after one with the right password.
func (a *Attempts) succeed(from Origin) {
	delete(a.Networks, from.Network)
	if !from.Familiar {
		a.Strange = max(0, a.Strange-1)
	}
}

// forget removes what no longer counts, and the oldest networks if there are too many.
func (a *Attempts) forget(now time.Time) {
	if a.Networks == nil {
		a.Networks = map[string]Tries{}
	}
	if now.Sub(a.Since) >= strangePeriod {
		a.Strange, a.Since = 0, now.UTC()
	}
	maps.DeleteFunc(a.Networks, func(_ string, t Tries) bool { return now.Sub(t.Last) >= triesTTL })
	for len(a.Networks) >= maxTries {
		delete(a.Networks, slices.MinFunc(slices.Collect(maps.Keys(a.Networks)), func(x, y string) int {
			return a.Networks[x].Last.Compare(a.Networks[y].Last)
		}))
	}
}

func tooManyAttempts(wait time.Duration) error {
	return &errs.Error{
		Kind: errs.RateLimited, Message: "too many attempts to sign in with this e-mail address; try again later", RetryAfter: wait,
	}
}

// AttemptStore stores attempts by Email.Key.
type AttemptStore interface {
	// Upsert changes attempts by a pure function, which may run several times. It creates missing ones.
	Upsert(ctx context.Context, emailKey string, change func(*Attempts) error) (Attempts, error)
}
