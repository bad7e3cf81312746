package apikey

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
)

const patience = 2 * time.Second

var client = netip.MustParseAddr("203.0.113.7")

// auth answers questions about keys, and counts them.
type auth struct {
	mu    sync.Mutex
	err   error
	asked int
	takes time.Duration
}

func (a *auth) ask(ctx context.Context, _ string) (Grant, error) {
	select {
	case <-time.After(a.takes):
	case <-ctx.Done():
		return Grant{}, ctx.Err()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked++
	if a.err != nil {
		return Grant{}, a.err
	}
	return Grant{KeyID: "4711", Permissions: []string{"shop:read"}}, nil
}

// say changes what it answers, while others may be asking.
func (a *auth) say(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = err
}

func (a *auth) times() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked
}

func (a *auth) checker(t *testing.T) *Checker {
	t.Helper()
	checker := must.Get(NewChecker(a.ask, MaxAge, patience))(t)
	return checker
}

// expect verifies a key, which must be refused with this kind, or be valid if that is "".
func expect(t *testing.T, keys *Checker, key string, want errs.Kind) {
	t.Helper()
	if _, err := keys.Verify(t.Context(), client, key); errs.KindOf(err) != want {
		t.Errorf("%s: got %q (%v), want %q", key, errs.KindOf(err), err, want)
	}
}

// inBubble calls test with a new auth and its checker, where time passes only when all goroutines wait.
func inBubble(t *testing.T, test func(t *testing.T, auth *auth, keys *Checker)) {
	synctest.Test(t, func(t *testing.T) {
		auth := &auth{}
		test(t, auth, auth.checker(t))
	})
}

func TestChecker_usesAnswersForTheirAge(t *testing.T) {
	for name, outcome := range map[string]error{
		"accepted": nil,
		"refused":  errs.New(errs.Forbidden, "unknown"),
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, auth *auth, keys *Checker) {
				auth.err = outcome
				want := errs.KindOf(outcome)
				expect(t, keys, "k", want)
				expect(t, keys, "k", want)
				auth.err = errors.New("connection refused")
				time.Sleep(MaxAge - time.Nanosecond)
				if expect(t, keys, "k", want); auth.asked != 1 {
					t.Errorf("%d questions about one key", auth.asked)
				}
				time.Sleep(time.Nanosecond)
				expect(t, keys, "k", errs.Unavailable)
				auth.err = nil
				if grant, err := keys.Verify(t.Context(), client, "k"); err != nil || grant.KeyID != "4711" {
					t.Errorf("an outage must not be remembered: %v, %v", grant, err)
				}
			})
		})
	}
}

// While auth cannot be asked, a key that was valid may read, for ten minutes. Auth's word ends that, and counts for every method.
func TestChecker_letsAKnownKeyReadDuringAnOutage(t *testing.T) {
	inBubble(t, func(t *testing.T, auth *auth, keys *Checker) {
		expectRead := func(key string, want errs.Kind) {
			t.Helper()
			grant, err := keys.VerifyToRead(t.Context(), client, key)
			if errs.KindOf(err) != want || want == "" && grant.KeyID != "4711" {
				t.Errorf("%s: got %+v, %v, want %q", key, grant, err, want)
			}
		}
		expectRead("k", "")
		expectRead("revoked", "")
		down := errors.New("connection refused")
		auth.err = errs.New(errs.Forbidden, "revoked")
		time.Sleep(MaxAge)
		expectRead("revoked", errs.Forbidden)
		auth.err = down
		time.Sleep(MaxAge)
		expectRead("revoked", errs.Unavailable)
		expectRead("invented", errs.Unavailable)
		expectRead("k", "")
		expect(t, keys, "k", errs.Unavailable)
		time.Sleep(acquaintance - 2*MaxAge)
		expectRead("k", errs.Unavailable)
		auth.err = nil
		expectRead("k", "")
	})
}

func TestChecker_refusesARevokedKeyOnceItsAnswerIsOld(t *testing.T) {
	inBubble(t, func(t *testing.T, auth *auth, keys *Checker) {
		expect(t, keys, "k", "")
		auth.err = errs.New(errs.Forbidden, "revoked")
		time.Sleep(MaxAge)
		expect(t, keys, "k", errs.Forbidden)
		expect(t, keys, "k", errs.Forbidden)
	})
}

func TestChecker_watchesAKeyUntilItIsRevoked(t *testing.T) {
	const long = 2 * acquaintance
	inBubble(t, func(t *testing.T, auth *auth, keys *Checker) {
		expect(t, keys, "k", "")
		ended, left := make(chan time.Time), make(chan struct{})
		ctx, leave := context.WithCancel(t.Context())
		go func() { keys.Watch(t.Context(), client, "k"); ended <- time.Now() }()
		go func() { keys.Watch(ctx, client, "k"); close(left) }()
		time.Sleep(long)
		leave()
		<-left
		// Twice as often as one watcher would: both may look in the same moment.
		if most := 2 * (int(long/MaxAge) + 1); auth.times() > most {
			t.Errorf("auth was asked %d times, want %d at most", auth.times(), most)
		}
		auth.say(errors.New("connection refused"))
		time.Sleep(long)
		select {
		case <-ended:
			t.Fatal("an outage is not a refusal")
		default:
		}
		auth.say(nil)
		time.Sleep(MaxAge)
		auth.say(errs.New(errs.Forbidden, "revoked"))
		revoked := time.Now()
		if took := (<-ended).Sub(revoked); took > MaxAge+watchPause {
			t.Errorf("it took %s until it was noticed that the key is revoked", took)
		}
	})
}

func TestChecker_asksOnceForAllRequests(t *testing.T) {
	inBubble(t, func(t *testing.T, auth *auth, keys *Checker) {
		auth.takes = time.Second
		hurried, giveUp := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := keys.Verify(hurried, client, "k"); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want its own end", err)
			}
		})
		synctest.Wait()
		for range 2 * int(invented.Max) {
			all.Go(func() { expect(t, keys, "k", "") }) // the end of the first request must not end the others
		}
		synctest.Wait()
		giveUp()
		all.Wait()
		if auth.asked != 1 {
			t.Errorf("asked %d times, want once", auth.asked)
		}
	})
}

func TestChecker_takesASlowAuthForAnOutage(t *testing.T) {
	inBubble(t, func(t *testing.T, auth *auth, keys *Checker) {
		auth.takes = time.Hour
		began := time.Now()
		expect(t, keys, "k", errs.Unavailable)
		if took := time.Since(began); took > patience {
			t.Errorf("took %s", took)
		}
	})
}

func TestChecker_limitsInventedKeysOfAnAddress(t *testing.T) {
	inBubble(t, func(t *testing.T, auth *auth, keys *Checker) {
		expect(t, keys, "good", "")
		auth.err = errs.New(errs.Forbidden, "unknown")
		for n := range invented.Max {
			expect(t, keys, fmt.Sprint("invented", n), errs.Forbidden)
		}
		asked := auth.asked
		_, err := keys.Verify(t.Context(), client, "one more")
		if !errs.Is(err, errs.RateLimited) || errs.From(err).RetryAfter <= 0 || auth.asked != asked {
			t.Errorf("got %v after %d questions", err, auth.asked-asked)
		}
		auth.err = nil
		if _, err := keys.Verify(t.Context(), netip.MustParseAddr("203.0.113.8"), "another"); err != nil {
			t.Errorf("another address: %v", err)
		}
		time.Sleep(MaxAge)
		expect(t, keys, "good", "") // it was valid, so it is not taken for an invented one
		time.Sleep(time.Minute)
		expect(t, keys, "one more", "")
	})
}

// While auth is down, all keys from one address may be valid.
func TestChecker_countsNoInventedKeysDuringAnOutage(t *testing.T) {
	inBubble(t, func(t *testing.T, auth *auth, keys *Checker) {
		auth.err = errors.New("connection refused")
		for n := range 2 * invented.Max {
			expect(t, keys, fmt.Sprint(n), errs.Unavailable)
		}
	})
}

func TestChecker_doesNotAskAboutImpossibleKeys(t *testing.T) {
	auth := &auth{}
	keys := auth.checker(t)
	expect(t, keys, "", errs.Unauthenticated)
	expect(t, keys, string(make([]byte, maxKey+1)), errs.Forbidden)
	if auth.asked != 0 {
		t.Errorf("asked %d times", auth.asked)
	}
}

func TestNewChecker_refusesALongAge(t *testing.T) {
	for _, age := range []time.Duration{-1, MaxAge + 1} {
		if _, err := NewChecker((&auth{}).ask, age, patience); err == nil {
			t.Errorf("%s was taken", age)
		}
	}
}

func TestGrant_allowsItsPermissions(t *testing.T) {
	grant := Grant{Permissions: []string{"shop:read", "blog:write"}}
	for _, tt := range []struct {
		area, method string
		allowed      bool
	}{
		{"shop", "GET", true}, {"shop", "HEAD", true}, {"shop", "POST", false}, {"shop", "DELETE", false},
		{"shop", "get", false}, {"blog", "PATCH", true}, {"blog", "GET", false}, {"", "POST", true}, {"sho", "GET", false},
	} {
		if err := grant.Allows(tt.area, tt.method); (err == nil) != tt.allowed {
			t.Errorf("%s %q: got %v", tt.method, tt.area, err)
		}
	}
	if err := grant.Allows("shop", "POST"); errs.From(err).Message != "this API key lacks the permission shop:write" {
		t.Errorf("the missing permission must be named: %v", err)
	}
}

// Invented keys from many networks take no room from the keys that are valid.
func TestChecker_remembersGoodKeysThroughAFloodOfInventedOnes(t *testing.T) {
	inBubble(t, func(t *testing.T, auth *auth, keys *Checker) {
		expect(t, keys, "good", "")
		auth.say(errs.New(errs.Forbidden, "this API key is not valid"))
		for n := range 2 * maxRecent {
			from := netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)})
			if _, err := keys.Verify(t.Context(), from, fmt.Sprint("invented", n)); !errs.Is(err, errs.Forbidden) {
				t.Fatal(err)
			}
		}
		asked := auth.times()
		expect(t, keys, "good", "")
		if auth.times() != asked {
			t.Error("the good key was forgotten")
		}
	})
}
