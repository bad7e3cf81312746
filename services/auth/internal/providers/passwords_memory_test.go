package providers

import (
	"runtime"
	"testing"
	"time"

	"stoa/pkg/common/must"
	"stoa/services/auth/internal/domain"
)

// resident is how much memory Go's heap has of the system.
func resident() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapSys - stats.HeapReleased
}

// The 19 MiB of a hash do not stay in a process in which nobody signs in any more. Go alone would give them back after some
// minutes.
func TestPasswords_giveTheirMemoryBack(t *testing.T) {
	passwords := newPasswords(Memory, 1, 50*time.Millisecond)
	for range 3 {
		_ = must.Get(passwords.Hash(t.Context(), domain.Origin{}, "password"))(t)
	}
	for deadline := time.Now().Add(30 * time.Second); resident() > Memory<<10; {
		if time.Now().After(deadline) {
			t.Fatalf("the heap still has %d MiB", resident()>>20)
		}
		<-time.After(time.Millisecond)
	}
}
