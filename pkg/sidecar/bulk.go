package sidecar

import (
	"context"
	"fmt"
	"slices"
	"strings"

	dapr "github.com/dapr/go-sdk/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// GetMany reads the documents with these ids, in this order. It leaves out those that do not exist.
func (d *Documents[T]) GetMany(ctx context.Context, ids []string) ([]Document[T], error) {
	found, err := d.lookup(ctx, ids)
	return inOrder(found, ids), err
}

// GetEach is GetMany for a decision that lasts, such as removing an entry of a list. What GetMany did not find it reads once
// more, by itself: a store that fails in the middle of a bulk read can report documents as missing that exist
// (components-contrib 1.18.3 does not check rows.Err after the last row, for SQLite, PostgreSQL and MariaDB).
func (d *Documents[T]) GetEach(ctx context.Context, ids []string) ([]Document[T], error) {
	found, err := d.lookupEach(ctx, ids)
	return inOrder(found, ids), err
}

func inOrder[T any](found map[string]Document[T], ids []string) []Document[T] {
	documents := make([]Document[T], 0, len(found))
	for _, id := range ids {
		if document, exists := found[id]; exists {
			documents = append(documents, document)
		}
	}
	return documents
}

// lookupEach is lookup for a decision that lasts, see GetEach.
func (d *Documents[T]) lookupEach(ctx context.Context, ids []string) (map[string]Document[T], error) {
	found, err := d.lookup(ctx, ids)
	for _, id := range ids {
		if _, exists := found[id]; exists || err != nil {
			continue
		}
		var document Document[T]
		if document, err = d.Find(ctx, id); document.Exists() {
			found[id] = document
		}
	}
	return found, err
}

// lookup reads those of the documents with these ids that exist, in one call if they fit into one message.
func (d *Documents[T]) lookup(ctx context.Context, ids []string) (map[string]Document[T], error) {
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = d.key(id)
	}
	slices.Sort(keys)
	items, err := d.bulk(ctx, slices.Compact(keys))
	if err != nil {
		return nil, failure(err, "the state store")
	}
	found := make(map[string]Document[T], len(items))
	for _, item := range items {
		if item.Error != "" {
			return nil, unavailable(fmt.Errorf("%s: %s", item.Key, item.Error), "the state store")
		}
		document, err := d.decode(strings.TrimPrefix(item.Key, d.kind+":"), item.Value, item.Etag)
		if err != nil {
			return nil, err
		}
		if len(item.Value) > 0 {
			found[document.ID] = document
		}
	}
	return found, nil
}

// bulk reads keys by one call. If the answer is larger than the sidecar sends (maxBodySize, 4 MiB by default), it reads each
// half of the keys by itself. A document always fits, because it came through the same limit.
func (d *Documents[T]) bulk(ctx context.Context, keys []string) ([]*dapr.BulkStateItem, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	items, err := d.states.GetBulkState(call, d.store, keys, nil, 10)
	if status.Code(err) != codes.ResourceExhausted || len(keys) == 1 {
		return items, err
	}
	half := len(keys) / 2
	if items, err = d.bulk(ctx, keys[:half]); err != nil {
		return nil, err
	}
	more, err := d.bulk(ctx, keys[half:])
	return append(items, more...), err
}
