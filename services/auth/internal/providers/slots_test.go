package providers

import (
	"context"
	"testing"

	"stoa/pkg/common/errs"
)

// A crowd waits in line instead of taking the machine, and nobody waits longer than they want to.
func TestHashingWaitsForItsTurnAndHonoursTheContext(t *testing.T) {
	passwords := NewPasswords()
	for range maxHashing {
		passwords.slots <- struct{}{}
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := passwords.Hash(gone, "password"); !errs.Is(err, errs.Unavailable) {
		t.Errorf("got %v, want unavailable", err)
	}
	if ok, err := passwords.Matches(gone, "", "password"); ok || !errs.Is(err, errs.Unavailable) {
		t.Errorf("got %v, %v; want unavailable", ok, err)
	}
	<-passwords.slots
	if _, err := passwords.Hash(t.Context(), "password"); err != nil {
		t.Error(err)
	}
	if len(passwords.slots) != maxHashing-1 {
		t.Error("the place in line was not given back")
	}
}
