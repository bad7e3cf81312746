package domain

import (
	"fmt"
	"testing"
	"time"

	"stoa/pkg/common/errs"
)

const home, abroad = "192.0.2.0/24", "198.51.100.0/24"

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// try begins an attempt and returns how long it has to wait, 0 if it was allowed.
func try(t *testing.T, a *Attempts, network string, familiar bool, at time.Time) time.Duration {
	t.Helper()
	err := a.begin(Origin{network, familiar}, at)
	if err == nil {
		return 0
	}
	if !errs.Is(err, errs.RateLimited) {
		t.Fatalf("got %v", err)
	}
	return errs.From(err).RetryAfter
}

// expect tries, and ends the test if the attempt has to wait for another time.
func expect(t *testing.T, a *Attempts, network string, familiar bool, at time.Time, want time.Duration) {
	t.Helper()
	if wait := try(t, a, network, familiar, at); wait != want {
		t.Fatalf("from %s at %s: it has to wait for %s, want %s", network, at, wait, want)
	}
}

func TestAttempts_makeANetworkWaitLongerEachTime(t *testing.T) {
	var a Attempts
	now := noon
	for range freeAttempts {
		expect(t, &a, abroad, false, now, 0)
	}
	var waits []string
	for range 13 {
		wait := try(t, &a, abroad, false, now)
		waits = append(waits, wait.String())
		expect(t, &a, abroad, false, now.Add(wait-time.Nanosecond), time.Nanosecond)
		now = now.Add(wait)
		expect(t, &a, abroad, false, now, 0)
	}
	if got := fmt.Sprint(waits); got != "[1s 2s 4s 8s 16s 32s 1m4s 2m8s 4m16s 8m32s 15m0s 15m0s 15m0s]" {
		t.Errorf("the waits are %s", got)
	}
	expect(t, &a, home, true, now, 0)
	if expect(t, &a, abroad, false, now.Add(triesTTL), 0); a.Networks[abroad].Count != 1 {
		t.Errorf("a day later it is attempt %d", a.Networks[abroad].Count)
	}
}

func TestAttempts_ofStrangersDoNotLockTheOwnerOut(t *testing.T) {
	var a Attempts
	for n := range strangeAttempts {
		expect(t, &a, fmt.Sprintf("10.0.%d.0/24", n), false, noon, 0)
	}
	expect(t, &a, abroad, false, noon.Add(time.Minute), 59*time.Minute) // one stranger more
	expect(t, &a, home, true, noon.Add(time.Minute), 0)                 // the owner at home
	expect(t, &a, abroad, false, noon.Add(strangePeriod), 0)
}

func TestAttempts_areForgottenOnSuccess(t *testing.T) {
	var a Attempts
	for range 5 * strangeAttempts {
		expect(t, &a, abroad, false, noon, 0)
		a.succeed(Origin{Network: abroad})
	}
	if len(a.Networks) != 0 || a.Strange != 0 {
		t.Errorf("left is %+v", a)
	}
}

func TestAttempts_staySmall(t *testing.T) {
	var a Attempts
	for n := range 2 * maxTries {
		expect(t, &a, fmt.Sprint(n), true, noon.Add(time.Duration(n)*time.Second), 0)
	}
	if _, latest := a.Networks[fmt.Sprint(2*maxTries-1)]; len(a.Networks) != maxTries || !latest {
		t.Errorf("%d networks, the latest among them: %v", len(a.Networks), latest)
	}
}

func TestAccount_remembersTheLatestNetworks(t *testing.T) {
	var a Account
	for n := range maxNetworks + 5 {
		a.rememberNetwork(fmt.Sprint(n))
		a.rememberNetwork(fmt.Sprint(n))
	}
	if len(a.Networks) != maxNetworks || a.KnowsNetwork("4") || !a.KnowsNetwork("5") {
		t.Errorf("got %v", a.Networks)
	}
}
