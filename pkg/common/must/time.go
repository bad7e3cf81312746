package must

import "testing"

// HaveTime skips a test that takes long in one goroutine, or in several that take turns, if tests are to be short. They are under the
// race detector, which has nothing to find there and makes such a test ten times slower; `make test-unit` runs it without.
func HaveTime(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes long, and tests are to be short")
	}
}
