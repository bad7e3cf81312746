// Package must ends a test when a step fails that the test is not about.
package must

// TB is what this package needs of a test: a testing.TB, or the test of a library for property tests.
type TB interface {
	Helper()
	Fatal(args ...any)
}

// Do ends the test if there is an error: must.Do(t, file.Close()).
func Do(t TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Get returns the value of a call, or ends the test if the call has failed: must.Get(os.ReadFile(name))(t).
func Get[T any](value T, err error) func(TB) T {
	return func(t TB) T {
		t.Helper()
		Do(t, err)
		return value
	}
}
