// Package backlog does much: what was left to be done later, by requests that did not come to their end, or until its time; and what one
// event asks for many people or things.
package backlog

import (
	"context"
	"errors"

	"stoa/pkg/common/errs"
)

// List returns a page of what is to be done, and the cursor of the next page, "" at the end.
type List[T any] func(ctx context.Context, cursor string) (page []T, next string, err error)

// Each calls do with all that is on a list, and joins the errors. What fails for a reason of its own holds up nothing else; if
// something is not available, Each ends.
func Each[T any](ctx context.Context, list List[T], do func(context.Context, T) error) (failed error) {
	for cursor, more := "", true; more; more = cursor != "" {
		page, next, err := list(ctx, cursor)
		if err != nil {
			return errors.Join(failed, err)
		}
		for _, one := range page {
			err := do(ctx, one)
			if failed = errors.Join(failed, err); errs.Is(err, errs.Unavailable) {
				return failed
			}
		}
		cursor = next
	}
	return failed
}
