package sidecar

import (
	"context"
	"errors"
)

// FindBoth reads two documents of one store in one call. A document that does not exist is not an error, see Exists.
func FindBoth[A, B any](
	ctx context.Context, as *Documents[A], a string, bs *Documents[B], b string,
) (first Document[A], second Document[B], err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	items, err := as.states.GetBulkState(ctx, as.store, []string{as.key(a), bs.key(b)}, nil, 2)
	if err != nil {
		return first, second, failure(err, "the state store")
	}
	first.ID, second.ID = a, b
	for _, item := range items {
		switch {
		case item.Error != "":
			return first, second, unavailable(errors.New(item.Key+": "+item.Error), "the state store")
		case item.Key == as.key(a):
			first, err = as.decode(a, item.Value, item.Etag)
		default:
			second, err = bs.decode(b, item.Value, item.Etag)
		}
		if err != nil {
			return first, second, err
		}
	}
	return first, second, nil
}
