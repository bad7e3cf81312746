package webtest

import "sync"

// Together makes n calls at the same time, and returns the result of do(i) at index i.
func Together[T any](n int, do func(i int) T) []T {
	results := make([]T, n)
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() { results[i] = do(i) })
	}
	all.Wait()
	return results
}
