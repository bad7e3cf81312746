package search

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"stoa/pkg/common/errs"
	"stoa/pkg/search/internal/segment"
)

// part is a document of a segment: its head, or a block. It never changes.
type part struct {
	Head  *segment.Head `json:"head,omitempty"`
	Block []byte        `json:"block,omitempty"`
}

// maxRead is how many parts are read by one call: 3 MB at most. An answer of more than 4 MiB would be read in halves.
const maxRead = 64

// errGone says that a segment was deleted since the manifest was read.
var errGone = errors.New("a part of the search index is gone")

// partID names a part: the head of a segment is number 0, block n is number n+1.
func (x *Index) partID(segment string, number int) string {
	return x.name + "." + segment + "." + strconv.Itoa(number)
}

// read reads parts that have not been read lately, a few calls for all. It fails with errGone if there is one that does not
// exist.
func (x *Index) read(ctx context.Context, ids []string) (map[string]part, error) {
	found := make(map[string]part, len(ids))
	var missing []string
	for _, id := range ids {
		if p, known := x.cache.Get(id); known {
			found[id] = p
		} else {
			missing = append(missing, id)
		}
	}
	slices.Sort(missing)
	for some := range slices.Chunk(slices.Compact(missing), maxRead) {
		documents, err := x.parts.GetEach(ctx, some)
		if err != nil {
			return nil, err
		}
		if len(documents) < len(some) {
			return nil, errGone
		}
		for _, d := range documents {
			found[d.ID] = d.Value
			x.cache.Put(d.ID, d.Value)
		}
	}
	return found, nil
}

// heads reads the heads of segments.
func (x *Index) heads(ctx context.Context, all segments) ([]segment.Head, error) {
	ids := make([]string, len(all))
	for i, r := range all {
		ids[i] = x.partID(r.ID, 0)
	}
	found, err := x.read(ctx, ids)
	if err != nil {
		return nil, err
	}
	heads := make([]segment.Head, len(all))
	for i, id := range ids {
		if found[id].Head == nil {
			return nil, errs.New(errs.Internal, "%s is not the head of a segment", id)
		}
		heads[i] = *found[id].Head
	}
	return heads, nil
}

// readAhead is how many blocks of a source a merge reads by one call.
const readAhead = 16

// source returns a segment to be merged. Its blocks are read in order, and not remembered: a merge reads them only once.
func (x *Index) source(ctx context.Context, r ref, head segment.Head) segment.Source {
	if len(head.Blocks) > 0 {
		return segment.Source{Head: head, Block: func(n int) ([]byte, error) { return head.Blocks[n], nil }}
	}
	ahead := map[int][]byte{}
	return segment.Source{Head: head, Block: func(n int) ([]byte, error) {
		if block, known := ahead[n]; known {
			return block, nil
		}
		clear(ahead)
		var ids []string
		for i := n; i < min(n+readAhead, r.Parts); i++ {
			ids = append(ids, x.partID(r.ID, i+1))
		}
		documents, err := x.parts.GetEach(ctx, ids)
		if err != nil {
			return nil, err
		}
		if len(documents) < len(ids) {
			return nil, errGone
		}
		for i, d := range documents {
			ahead[n+i] = d.Value.Block
		}
		return ahead[n], nil
	}}
}
