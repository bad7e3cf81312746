package apikey

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/netip"
	"time"

	"golang.org/x/sync/singleflight"

	"stoa/gateway/edge/limit"
	"stoa/gateway/edge/request"
	"stoa/pkg/common/errs"
)

const (
	// MaxAge is the longest that an answer about a key may hold: a revoked key is dead everywhere after it.
	MaxAge = 5 * time.Second
	// maxKey is the longest key that is looked up, in bytes. Ours have about 50.
	maxKey = 200
	// watchEvery is how often a key is looked at again while a request with it goes on.
	watchEvery = 200 * time.Millisecond
	// acquaintance is how long a key that was valid is told from an invented one.
	acquaintance = 10 * time.Minute
)

// invented is how many keys that nobody knows may come from one address: each of them is a question to auth.
var invented = limit.Rate{Period: time.Minute, Max: 60}

// Checker says what an API key allows. Of several requests with a key that it does not remember, one asks.
type Checker struct {
	ask      Ask
	age      time.Duration
	patience time.Duration
	flight   singleflight.Group
	// Apart, so that a flood of invented keys cannot push out the good ones.
	accepted, refused *verdicts
	inventors         *limit.Limiter
}

// NewChecker returns a checker that remembers answers for age, and takes no answer within patience for an outage.
func NewChecker(ask Ask, age, patience time.Duration) (*Checker, error) {
	if age < 0 || age > MaxAge {
		return nil, errors.New("answers about API keys may hold for 0 to 5 seconds: a revoked key has to be dead after that")
	}
	return &Checker{
		ask: ask, age: age, patience: patience,
		accepted: newVerdicts(acquaintance), refused: newVerdicts(age), inventors: limit.New(),
	}, nil
}

// Verify returns what a key allows: errs.Unauthenticated without one, errs.Forbidden for one that is not valid,
// errs.Unavailable when auth cannot be asked, and errs.RateLimited when the client's address has sent too many that were
// not valid.
func (c *Checker) Verify(ctx context.Context, client netip.Addr, key string) (Grant, error) {
	switch {
	case key == "":
		return Grant{}, errs.New(errs.Unauthenticated, "the header x-api-key is missing")
	case len(key) > maxKey:
		return Grant{}, errs.New(errs.Forbidden, "this API key is not valid")
	}
	id, now := digest(sha256.Sum256([]byte(key))), time.Now()
	latest, met := c.accepted.get(id, now)
	if met && now.Sub(latest.asked) < c.age {
		return latest.grant, nil
	}
	if latest, known := c.refused.get(id, now); known {
		return Grant{}, latest.err
	}
	answer := c.flight.DoChan(string(id[:]), func() (any, error) {
		if met {
			return c.lookUp(ctx, id, key)
		}
		return c.meet(ctx, client, id, key)
	})
	select {
	case result := <-answer:
		grant, _ := result.Val.(Grant)
		return grant, result.Err
	case <-ctx.Done():
		return Grant{}, ctx.Err()
	}
}

// Watch returns once a key is not valid any more, or ctx ends. While auth cannot be asked, the key counts as it did.
func (c *Checker) Watch(ctx context.Context, client netip.Addr, key string) {
	again := time.NewTicker(watchEvery)
	defer again.Stop()
	for {
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
		if _, err := c.Verify(ctx, client, key); isRefusal(err) {
			return
		}
	}
}

// meet asks about a key that was not seen before, as long as the client's address has not sent too many that were
// invented. What turns out to be valid does not count, nor does what nobody could say anything about.
func (c *Checker) meet(ctx context.Context, client netip.Addr, id digest, key string) (Grant, error) {
	network := request.Network(client)
	if err := c.inventors.Take(network, invented).Err("too many API keys that are not valid came from here"); err != nil {
		return Grant{}, err
	}
	grant, err := c.lookUp(ctx, id, key)
	if !isRefusal(err) {
		c.inventors.GiveBack(network, invented)
	}
	return grant, err
}

// lookUp asks, for everybody who waits for the answer: the end of the first request does not end it.
func (c *Checker) lookUp(ctx context.Context, id digest, key string) (Grant, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.patience)
	defer cancel()
	asked := time.Now()
	grant, err := c.ask(ctx, key)
	switch {
	case err == nil:
		c.accepted.put(id, verdict{grant: grant, asked: asked})
		return grant, nil
	case isRefusal(err):
		c.accepted.drop(id)
		c.refused.put(id, verdict{err: err, asked: asked})
		return Grant{}, err
	default:
		return Grant{}, errs.Wrap(errs.Unavailable, err, "API keys cannot be verified right now")
	}
}
