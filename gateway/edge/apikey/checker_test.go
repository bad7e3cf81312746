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
	checker, err := NewChecker(a.ask, MaxAge, patience)
	if err != nil {
		t.Fatal(err)
	}
	return checker
}

func kind(_ Grant, err error) errs.Kind { return errs.KindOf(err) }

func TestVerdictsHoldForTheirAge(t *testing.T) {
	for name, outcome := range map[string]error{
		"accepted": nil,
		"refused":  errs.New(errs.Forbidden, "unknown"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				auth := &auth{err: outcome}
				keys := auth.checker(t)
				want := errs.KindOf(outcome)
				for range 2 {
					if got := kind(keys.Verify(t.Context(), client, "k")); got != want {
						t.Fatalf("got %q, want %q", got, want)
					}
				}
				auth.err = errors.New("connection refused")
				time.Sleep(MaxAge - time.Nanosecond)
				if got := kind(keys.Verify(t.Context(), client, "k")); got != want || auth.asked != 1 {
					t.Errorf("while it holds: got %q after %d questions", got, auth.asked)
				}
				time.Sleep(time.Nanosecond)
				if got := kind(keys.Verify(t.Context(), client, "k")); got != errs.Unavailable {
					t.Errorf("once it is old, and auth is down: got %q, want unavailable", got)
				}
				auth.err = nil
				if grant, err := keys.Verify(t.Context(), client, "k"); err != nil || grant.KeyID != "4711" {
					t.Errorf("an outage must not be remembered: %v, %v", grant, err)
				}
			})
		})
	}
}

func TestARevokedKeyIsRefusedOnceItsAnswerIsOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		auth := &auth{}
		keys := auth.checker(t)
		if _, err := keys.Verify(t.Context(), client, "k"); err != nil {
			t.Fatal(err)
		}
		auth.err = errs.New(errs.Forbidden, "revoked")
		time.Sleep(MaxAge)
		for range 2 {
			if got := kind(keys.Verify(t.Context(), client, "k")); got != errs.Forbidden {
				t.Errorf("got %q, want forbidden", got)
			}
		}
	})
}

func TestAKeyIsWatched(t *testing.T) {
	const long = 2 * acquaintance
	synctest.Test(t, func(t *testing.T) {
		auth := &auth{}
		keys := auth.checker(t)
		if _, err := keys.Verify(t.Context(), client, "k"); err != nil {
			t.Fatal(err)
		}
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
			t.Fatal("an outage is no refusal")
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

func TestOneRequestAsksForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		auth := &auth{takes: time.Second}
		keys := auth.checker(t)
		hurried, giveUp := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := keys.Verify(hurried, client, "k"); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want its own end", err)
			}
		})
		synctest.Wait()
		for range 2 * int(invented.Max) {
			all.Go(func() {
				if _, err := keys.Verify(t.Context(), client, "k"); err != nil {
					t.Errorf("the end of the first request must not end the others: %v", err)
				}
			})
		}
		synctest.Wait()
		giveUp()
		all.Wait()
		if auth.asked != 1 {
			t.Errorf("asked %d times, want once", auth.asked)
		}
	})
}

func TestASlowAuthIsAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys, began := (&auth{takes: time.Hour}).checker(t), time.Now()
		if got := kind(keys.Verify(t.Context(), client, "k")); got != errs.Unavailable {
			t.Errorf("got %q, want unavailable", got)
		}
		if took := time.Since(began); took > patience {
			t.Errorf("took %s", took)
		}
	})
}

func TestInventedKeysAreLimitedByAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		auth := &auth{}
		keys := auth.checker(t)
		if _, err := keys.Verify(t.Context(), client, "good"); err != nil {
			t.Fatal(err)
		}
		auth.err = errs.New(errs.Forbidden, "unknown")
		for n := range invented.Max {
			if got := kind(keys.Verify(t.Context(), client, fmt.Sprint("invented", n))); got != errs.Forbidden {
				t.Fatalf("key %d: got %q", n, got)
			}
		}
		asked := auth.asked
		_, err := keys.Verify(t.Context(), client, "one more")
		if !errs.Is(err, errs.RateLimited) || errs.From(err).RetryAfter <= 0 || auth.asked != asked {
			t.Errorf("got %v after %d questions", err, auth.asked-asked)
		}
		auth.err = nil
		if got := kind(keys.Verify(t.Context(), netip.MustParseAddr("203.0.113.8"), "another")); got != "" {
			t.Errorf("another address: got %q", got)
		}
		time.Sleep(MaxAge)
		if got := kind(keys.Verify(t.Context(), client, "good")); got != "" {
			t.Errorf("a key that was valid is none of the invented: got %q", got)
		}
		time.Sleep(time.Minute)
		if got := kind(keys.Verify(t.Context(), client, "one more")); got != "" {
			t.Errorf("after a minute: got %q", got)
		}
	})
}

// While auth is down, whoever is behind one address may all have valid keys.
func TestAnOutageDoesNotCountAsInvention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := (&auth{err: errors.New("connection refused")}).checker(t)
		for n := range 2 * invented.Max {
			if got := kind(keys.Verify(t.Context(), client, fmt.Sprint(n))); got != errs.Unavailable {
				t.Fatalf("key %d: got %q", n, got)
			}
		}
	})
}

func TestKeysThatNobodyNeedsToAskAbout(t *testing.T) {
	auth := &auth{}
	keys := auth.checker(t)
	if got := kind(keys.Verify(t.Context(), client, "")); got != errs.Unauthenticated {
		t.Errorf("none: got %q", got)
	}
	if got := kind(keys.Verify(t.Context(), client, string(make([]byte, maxKey+1)))); got != errs.Forbidden {
		t.Errorf("too long: got %q", got)
	}
	if auth.asked != 0 {
		t.Errorf("asked %d times", auth.asked)
	}
}

func TestAnAnswerMayNotHoldForTooLong(t *testing.T) {
	for _, age := range []time.Duration{-1, MaxAge + 1} {
		if _, err := NewChecker((&auth{}).ask, age, patience); err == nil {
			t.Errorf("%s was taken", age)
		}
	}
}

func TestPermissions(t *testing.T) {
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
