package sidecar

import "context"

// GetEach is GetMany for a decision that lasts, such as taking a document off a list. What GetMany did not find it reads once
// more, by itself: a store that fails in the middle of a bulk read can report documents as missing that exist
// (components-contrib 1.18.3 does not check rows.Err after the last row, for SQLite, PostgreSQL and MariaDB).
func (d *Documents[T]) GetEach(ctx context.Context, ids []string) ([]Document[T], error) {
	found, err := d.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]Document[T], len(found))
	for _, document := range found {
		byID[document.ID] = document
	}
	each := make([]Document[T], 0, len(ids))
	for _, id := range ids {
		document, ok := byID[id]
		if !ok {
			if document, err = d.Find(ctx, id); err != nil {
				return nil, err
			}
		}
		if document.Exists() {
			each = append(each, document)
		}
	}
	return each, nil
}
