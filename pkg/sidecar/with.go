package sidecar

import (
	"context"
	"errors"
	"strings"
)

// FindWith reads a document, and those of another kind with these ids that exist, by id. All are in one store and are read in
// one call, but at slightly different times, and some stores report a document as missing that exists, see GetEach.
func FindWith[A, B any](
	ctx context.Context, as *Documents[A], a string, bs *Documents[B], ids []string,
) (first Document[A], others map[string]Document[B], err error) {
	keys := []string{as.key(a)}
	for _, id := range ids {
		keys = append(keys, bs.key(id))
	}
	first.ID = a
	items, err := as.bulk(ctx, keys)
	if err != nil {
		return first, nil, failure(err, "the state store")
	}
	others = make(map[string]Document[B], len(ids))
	for _, item := range items {
		id := strings.TrimPrefix(item.Key, bs.kind+":")
		switch {
		case item.Error != "":
			return first, nil, unavailable(errors.New(item.Key+": "+item.Error), "the state store")
		case item.Key == as.key(a):
			first, err = as.decode(a, item.Value, item.Etag)
		case len(item.Value) > 0:
			others[id], err = bs.decode(id, item.Value, item.Etag)
		}
		if err != nil {
			return first, nil, err
		}
	}
	return first, others, nil
}
