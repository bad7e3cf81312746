package backlog_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"stoa/pkg/common/backlog"
	"stoa/pkg/common/errs"
)

var (
	errBroken = errors.New("broken")
	away      = errs.New(errs.Unavailable, "away")
)

func TestEach(t *testing.T) {
	pages := map[string][]int{"": {1, 2}, "second": {3}, "third": {4, 5}}
	next := map[string]string{"": "second", "second": "third"}
	for name, tt := range map[string]struct {
		unreadable string
		fails      map[int]error
		done       []int
		want       []error
	}{
		"all is well":            {"none", nil, []int{1, 2, 3, 4, 5}, nil},
		"one is broken":          {"none", map[int]error{2: errBroken}, []int{1, 2, 3, 4, 5}, []error{errBroken}},
		"something is away":      {"none", map[int]error{1: errBroken, 3: away}, []int{1, 2, 3}, []error{errBroken, away}},
		"a page cannot be read":  {"third", map[int]error{2: errBroken}, []int{1, 2, 3}, []error{errBroken, away}},
		"no page can be read":    {"", nil, nil, []error{away}},
		"the last one is broken": {"none", map[int]error{5: errBroken}, []int{1, 2, 3, 4, 5}, []error{errBroken}},
	} {
		var done []int
		err := backlog.Each(t.Context(), func(_ context.Context, cursor string) ([]int, string, error) {
			if cursor == tt.unreadable {
				return nil, "", away
			}
			return pages[cursor], next[cursor], nil
		}, func(_ context.Context, n int) error {
			done = append(done, n)
			return tt.fails[n]
		})
		if !slices.Equal(done, tt.done) || err == nil != (tt.want == nil) {
			t.Errorf("%s: %v are done, %v", name, done, err)
		}
		for _, want := range tt.want {
			if !errors.Is(err, want) {
				t.Errorf("%s: %v is not in %v", name, want, err)
			}
		}
	}
}
