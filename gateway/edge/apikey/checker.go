package apikey

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/netip"
	"time"

	"stoa/gateway/edge/limit"
	"stoa/gateway/edge/share"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/recent"
	"stoa/pkg/common/web"
)

const (
	// MaxAge is the longest that an answer about a key may be used: a revoked key is refused everywhere after it.
	MaxAge = 5 * time.Second
	// maxKey is the longest key that is looked up, in bytes. Ours have about 50.
	maxKey = 200
	// maxRecent bounds the memory: twice this number of answers, about two megabytes.
	maxRecent = 5_000
	// watchPause is how often a key is checked again while a request with it goes on.
	watchPause = 200 * time.Millisecond
	// acquaintance is how long a key that was valid is told from an invented one, and may read while auth cannot be asked.
	acquaintance = 10 * time.Minute
)

// invented is how many unknown keys may come from one network: each of them is a question to auth.
var invented = limit.Rate{Period: time.Minute, Max: 60}

// digest stands for an API key without being one.
type digest [sha256.Size]byte

func digestOf(key string) digest { return sha256.Sum256([]byte(key)) }

// answer is an answer of auth: a grant or a refusal. The zero value is too old to count.
type answer struct {
	grant Grant
	err   error
	asked time.Time
}

// Checker says what an API key allows. Of several requests with a key that it does not remember, one asks.
type Checker struct {
	ask      Ask
	age      time.Duration
	patience time.Duration
	// Breaker is the circuit breaker of auth, if there is one.
	Breaker   share.Breaker
	questions share.Questions
	// Apart, so that a flood of invented keys cannot push out the good ones.
	accepted, refused *recent.Memory[digest, answer]
	inventors         *limit.Limiter
}

// NewChecker returns a checker that uses answers for age, and takes no answer within patience for an outage.
func NewChecker(ask Ask, age, patience time.Duration) (*Checker, error) {
	if age < 0 || age > MaxAge {
		return nil, errors.New("answers about API keys may be used for 0 to 5 seconds: a revoked key must be refused after that")
	}
	return &Checker{
		ask: ask, age: age, patience: patience,
		accepted: recent.New[digest, answer](maxRecent), refused: recent.New[digest, answer](maxRecent), inventors: limit.New(),
	}, nil
}

// Verify returns what a key allows: errs.Unauthenticated without one, errs.Forbidden for one that is not valid,
// errs.Unavailable when auth cannot be asked, and errs.RateLimited when the client's network has sent too many that were
// not valid.
func (c *Checker) Verify(ctx context.Context, client netip.Addr, key string) (Grant, error) {
	switch {
	case key == "":
		return Grant{}, errs.New(errs.Unauthenticated, "the header x-api-key is missing")
	case len(key) > maxKey:
		return Grant{}, errs.New(errs.Forbidden, "this API key is not valid")
	}
	id := digestOf(key)
	accepted, _ := c.accepted.Get(id)
	if time.Since(accepted.asked) < c.age {
		return accepted.grant, nil
	}
	if refused, _ := c.refused.Get(id); time.Since(refused.asked) < c.age {
		return Grant{}, refused.err
	}
	value, _, err := c.questions.Ask(ctx, c.Breaker, string(id[:]), func() (any, error) {
		if time.Since(accepted.asked) < acquaintance {
			return c.lookUp(ctx, id, key)
		}
		return c.meet(ctx, client, id, key)
	})
	grant, _ := value.(Grant)
	return grant, err
}

// VerifyToRead is Verify for a request that changes nothing. While auth cannot be asked, a key that was valid within the last ten
// minutes still allows what it allowed: services decide about callers who are signed in, so that opens only what is public.
func (c *Checker) VerifyToRead(ctx context.Context, client netip.Addr, key string) (Grant, error) {
	grant, err := c.Verify(ctx, client, key)
	if !errs.Is(err, errs.Unavailable) {
		return grant, err
	}
	if known, _ := c.accepted.Get(digestOf(key)); time.Since(known.asked) < acquaintance {
		return known.grant, nil
	}
	return grant, err
}

// Watch returns once a key is not valid any more, or ctx ends. While auth cannot be asked, the key stays valid.
func (c *Checker) Watch(ctx context.Context, client netip.Addr, key string) {
	again := time.NewTicker(watchPause)
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

// meet asks about a key that was not seen before, unless the client's network has sent too many invented keys. A key that
// is valid does not count, and neither does one about which nobody could answer.
func (c *Checker) meet(ctx context.Context, client netip.Addr, id digest, key string) (Grant, error) {
	network := web.Network(client, 32).String()
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
		c.accepted.Put(id, answer{grant: grant, asked: asked})
		return grant, nil
	case isRefusal(err):
		c.accepted.Forget(id)
		c.refused.Put(id, answer{err: err, asked: asked})
		return Grant{}, err
	default:
		return Grant{}, errs.Wrap(errs.Unavailable, err, "API keys cannot be verified right now")
	}
}
