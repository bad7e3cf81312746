package domain

import (
	"context"
	"maps"
	"net/netip"
	"time"

	"stoa/pkg/common/errs"
)

const (
	// freeAttempts is how often a network may get the password of one address wrong before it has to wait.
	freeAttempts = 10
	// maxWait is the longest that it has to wait between two attempts then.
	maxWait = 15 * time.Minute
	// strangeAttempts is how many attempts on one address all unfamiliar networks have together in a strangePeriod.
	strangeAttempts = 100
	strangePeriod   = time.Hour
	// triesKept is for how long a network's attempts count, and maxTries of how many networks they do.
	triesKept = 24 * time.Hour
	maxTries  = 200
)

// Attempts is how often somebody tried to prove that an address is theirs, whether or not there is an account with it. An
// attempt counts before its outcome is known, so that many at once do not slip through together; one that succeeds is
// given back.
type Attempts struct {
	// Strange counts those from networks from which the account had not been signed in to, since Since.
	Strange int       `json:"strange"`
	Since   time.Time `json:"since"`
	// Networks holds those of each network.
	Networks map[string]Tries `json:"networks"`
}

// Tries are the attempts of one network.
type Tries struct {
	Count int       `json:"count"`
	Last  time.Time `json:"last"`
	// Until is when the next one is let through.
	Until time.Time `json:"until"`
}

// begin counts an attempt, or refuses it as errs.RateLimited. A familiar network is one from which the account was signed
// in to before: what strangers do elsewhere does not keep its owner out.
func (a *Attempts) begin(network string, familiar bool, now time.Time) error {
	a.forget(now)
	tries := a.Networks[network]
	if now.Before(tries.Until) {
		return tooManyAttempts(tries.Until.Sub(now))
	}
	if !familiar {
		if a.Strange >= strangeAttempts {
			return tooManyAttempts(a.Since.Add(strangePeriod).Sub(now))
		}
		a.Strange++
	}
	tries.Count, tries.Last = tries.Count+1, now.UTC()
	if over := tries.Count - freeAttempts; over >= 0 {
		tries.Until = now.UTC().Add(min(time.Second<<min(over, 20), maxWait))
	}
	a.Networks[network] = tries
	return nil
}

// succeed gives the network's attempts back.
func (a *Attempts) succeed(network string, familiar bool) {
	delete(a.Networks, network)
	if !familiar {
		a.Strange = max(0, a.Strange-1)
	}
}

// forget drops what is over.
func (a *Attempts) forget(now time.Time) {
	if a.Networks == nil {
		a.Networks = map[string]Tries{}
	}
	if now.Sub(a.Since) >= strangePeriod {
		a.Strange, a.Since = 0, now.UTC()
	}
	maps.DeleteFunc(a.Networks, func(_ string, t Tries) bool { return now.Sub(t.Last) >= triesKept })
	for len(a.Networks) >= maxTries {
		oldest := ""
		for network, t := range a.Networks {
			if oldest == "" || t.Last.Before(a.Networks[oldest].Last) {
				oldest = network
			}
		}
		delete(a.Networks, oldest)
	}
}

func tooManyAttempts(wait time.Duration) error {
	return &errs.Error{
		Kind: errs.RateLimited, Message: "too many attempts to sign in with this e-mail address; try again later", RetryAfter: wait,
	}
}

// networkOf returns the network that an address is counted under: what one subscriber can choose addresses from at will.
// Everything that is no address is one network.
func networkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	ip = ip.Unmap()
	bits := 64
	if ip.Is4() {
		bits = 24
	}
	network, err := ip.WithZone("").Prefix(bits)
	if err != nil {
		return "unknown"
	}
	return network.String()
}

// AttemptStore keeps attempts, by an address's key.
type AttemptStore interface {
	// Change applies a pure function to what is kept, which need not exist yet.
	Change(ctx context.Context, emailKey string, change func(*Attempts) error) error
}

// Guard slows the guessing of passwords down.
type Guard struct{ store AttemptStore }

// NewGuard returns a guard that remembers by this store.
func NewGuard(store AttemptStore) *Guard { return &Guard{store: store} }

// attempt is one attempt that was let through.
type attempt struct {
	guard    *Guard
	email    Email
	network  string
	familiar bool
}

// begin lets an attempt through or refuses it as errs.RateLimited. The account is the zero one if there is none.
func (g *Guard) begin(ctx context.Context, email Email, account Account, from Client) (attempt, error) {
	network := networkOf(from.Address)
	a := attempt{guard: g, email: email, network: network, familiar: account.KnowsNetwork(network)}
	return a, g.store.Change(ctx, email.Key(), func(all *Attempts) error {
		return all.begin(a.network, a.familiar, time.Now())
	})
}

// succeed gives the attempt back: its password was the right one.
func (a attempt) succeed(ctx context.Context) error {
	return a.guard.store.Change(ctx, a.email.Key(), func(all *Attempts) error {
		all.succeed(a.network, a.familiar)
		return nil
	})
}
