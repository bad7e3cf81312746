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
	err := a.begin(network, familiar, at)
	if err == nil {
		return 0
	}
	if !errs.Is(err, errs.RateLimited) {
		t.Fatalf("got %v", err)
	}
	return errs.From(err).RetryAfter
}

func TestAttempts_makeANetworkWaitLongerEachTime(t *testing.T) {
	var a Attempts
	now := noon
	for n := range freeAttempts {
		if wait := try(t, &a, abroad, false, now); wait != 0 {
			t.Fatalf("attempt %d has to wait for %s", n, wait)
		}
	}
	var waits []string
	for range 13 {
		wait := try(t, &a, abroad, false, now)
		waits = append(waits, wait.String())
		if early := try(t, &a, abroad, false, now.Add(wait-time.Nanosecond)); early != time.Nanosecond {
			t.Errorf("a nanosecond too early it has to wait for %s", early)
		}
		now = now.Add(wait)
		if wait := try(t, &a, abroad, false, now); wait != 0 {
			t.Errorf("after the wait it has to wait for another %s", wait)
		}
	}
	if got := fmt.Sprint(waits); got != "[1s 2s 4s 8s 16s 32s 1m4s 2m8s 4m16s 8m32s 15m0s 15m0s 15m0s]" {
		t.Errorf("the waits are %s", got)
	}
	if wait := try(t, &a, home, true, now); wait != 0 {
		t.Errorf("another network has to wait for %s", wait)
	}
	if wait := try(t, &a, abroad, false, now.Add(triesTTL)); wait != 0 || a.Networks[abroad].Count != 1 {
		t.Errorf("a day later it has to wait for %s, attempt %d", wait, a.Networks[abroad].Count)
	}
}

func TestAttempts_ofStrangersDoNotLockTheOwnerOut(t *testing.T) {
	var a Attempts
	for n := range strangeAttempts {
		if wait := try(t, &a, fmt.Sprintf("10.0.%d.0/24", n), false, noon); wait != 0 {
			t.Fatalf("stranger %d has to wait for %s", n, wait)
		}
	}
	if wait := try(t, &a, abroad, false, noon.Add(time.Minute)); wait != 59*time.Minute {
		t.Errorf("one stranger more has to wait for %s", wait)
	}
	if wait := try(t, &a, home, true, noon.Add(time.Minute)); wait != 0 {
		t.Errorf("the owner at home has to wait for %s", wait)
	}
	if wait := try(t, &a, abroad, false, noon.Add(strangePeriod)); wait != 0 {
		t.Errorf("an hour later a stranger has to wait for %s", wait)
	}
}

func TestAttempts_areForgottenOnSuccess(t *testing.T) {
	var a Attempts
	for range 5 * strangeAttempts {
		if wait := try(t, &a, abroad, false, noon); wait != 0 {
			t.Fatalf("it has to wait for %s", wait)
		}
		a.succeed(abroad, false)
	}
	if len(a.Networks) != 0 || a.Strange != 0 {
		t.Errorf("left is %+v", a)
	}
}

func TestAttempts_staySmall(t *testing.T) {
	var a Attempts
	for n := range 2 * maxTries {
		if wait := try(t, &a, fmt.Sprint(n), true, noon.Add(time.Duration(n)*time.Second)); wait != 0 {
			t.Fatalf("it has to wait for %s", wait)
		}
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
