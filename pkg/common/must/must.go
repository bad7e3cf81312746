// Package must ends a test at an error that has no part in what it tests.
package must

// TB is what this package needs of a test: testing.TB, or that of a library for properties.
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

// Get returns a value, or ends the test if there is an error in its place: must.Get(os.ReadFile(name))(t).
func Get[T any](value T, err error) func(TB) T {
	return func(t TB) T {
		t.Helper()
		Do(t, err)
		return value
	}
}
