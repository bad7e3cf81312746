package search

import (
	"context"

	"stoa/pkg/search/internal/segment"
)

// blockOf names a block of a segment of a snapshot.
type blockOf struct{ segment, block int }

// read reads blocks. Those of small segments are in their heads.
func (s *snapshot) read(ctx context.Context, wanted []blockOf) (map[blockOf][]byte, error) {
	found := make(map[blockOf][]byte, len(wanted))
	var ids []string
	for _, b := range wanted {
		if inside := s.heads[b.segment].Blocks; len(inside) > 0 {
			found[b] = inside[b.block]
		} else {
			ids = append(ids, s.partID(b))
		}
	}
	parts, err := s.index.read(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, b := range wanted {
		if p, read := parts[s.partID(b)]; read {
			found[b] = p.Block
		}
	}
	return found, nil
}

func (s *snapshot) partID(b blockOf) string {
	return s.index.partID(s.segments[b.segment].ID, b.block+1)
}

// ids returns the ids of candidates, "" for one whose entry another one replaces.
func (s *snapshot) ids(ctx context.Context, candidates []candidate) ([]string, error) {
	entries, err := s.entries(ctx, candidates)
	if err != nil {
		return nil, err
	}
	read, err := s.read(ctx, s.blocksOf(entries))
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(entries))
	for n, e := range entries {
		replaced, err := s.replaced(e, candidates[n].segment, read)
		if err != nil {
			return nil, err
		}
		if !replaced {
			ids[n] = e.ID
		}
	}
	return ids, nil
}

// entries reads the entries of candidates.
func (s *snapshot) entries(ctx context.Context, candidates []candidate) ([]segment.Entry, error) {
	wanted, firsts := make([]blockOf, len(candidates)), make([]int, len(candidates))
	for i, c := range candidates {
		wanted[i].segment = c.segment
		wanted[i].block, firsts[i] = s.heads[c.segment].BlockOfDoc(c.Doc)
	}
	read, err := s.read(ctx, wanted)
	if err != nil {
		return nil, err
	}
	entries := make([]segment.Entry, len(candidates))
	for i, c := range candidates {
		if entries[i], err = segment.EntryAt(read[wanted[i]], int(c.Doc)-firsts[i]); err != nil {
			return nil, errDamaged(err)
		}
	}
	return entries, nil
}

// blocksOf returns the blocks that can have entries of these documents, in all segments.
func (s *snapshot) blocksOf(entries []segment.Entry) (wanted []blockOf) {
	for _, e := range entries {
		for i, head := range s.heads {
			if block, found := head.BlockOfID(e.ID); found {
				wanted = append(wanted, blockOf{i, block})
			}
		}
	}
	return wanted
}

// replaced reports whether another segment has an entry that replaces one. Of equal entries, that of the first segment counts.
func (s *snapshot) replaced(e segment.Entry, in int, read map[blockOf][]byte) (bool, error) {
	for i, head := range s.heads {
		block, found := head.BlockOfID(e.ID)
		if !found || i == in {
			continue
		}
		other, found, err := segment.EntryOf(read[blockOf{i, block}], e.ID)
		if err != nil {
			return false, errDamaged(err)
		}
		if found && (other.Over(e) || !e.Over(other) && i < in) {
			return true, nil
		}
	}
	return false, nil
}
