package providers

import (
	"context"
	"testing"

	"stoa/pkg/common/errs"
)

// Callers wait in line, and leave it when their context ends.
func TestPasswords_waitForAFreeCore(t *testing.T) {
	passwords := NewPasswords()
	for range cap(passwords.slots) {
		passwords.slots <- struct{}{}
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := passwords.Hash(gone, "password"); !errs.Is(err, errs.Unavailable) {
		t.Errorf("got %v, want unavailable", err)
	}
	if ok, err := passwords.Matches(gone, "", "password", func() error { return nil }); ok || !errs.Is(err, errs.Unavailable) {
		t.Errorf("got %v, %v; want unavailable", ok, err)
	}
	<-passwords.slots
	if _, err := passwords.Hash(t.Context(), "password"); err != nil {
		t.Error(err)
	}
	if len(passwords.slots) != cap(passwords.slots)-1 {
		t.Error("the place in line was not given back")
	}
}

// If the line is too long, a caller learns at once when to try again, and nothing has begun.
func TestPasswords_refuseACrowd(t *testing.T) {
	passwords := newPasswords(1)
	for range cap(passwords.line) {
		passwords.line <- struct{}{}
	}
	_, err := passwords.Hash(t.Context(), "password")
	if !errs.Is(err, errs.Unavailable) || errs.From(err).RetryAfter != retryAfter {
		t.Errorf("got %v, want unavailable", err)
	}
	if _, err = passwords.Matches(t.Context(), "", "password", func() error { panic("it has begun") }); !errs.Is(err, errs.Unavailable) {
		t.Errorf("got %v, want unavailable", err)
	}
	<-passwords.line
	if _, err := passwords.Hash(t.Context(), "password"); err != nil || len(passwords.line) != cap(passwords.line)-1 {
		t.Errorf("got %v, and %d places are taken", err, len(passwords.line))
	}
}

func TestPasswords_withOtherParametersAreOutdated(t *testing.T) {
	passwords := NewPasswords()
	hash, err := passwords.Hash(t.Context(), "password")
	if err != nil || passwords.Outdated(hash) {
		t.Errorf("%s is outdated (%v)", hash, err)
	}
	const old = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	if !passwords.Outdated(old) {
		t.Error("a hash that costs less is up to date")
	}
}
