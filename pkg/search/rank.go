package search

import (
	"container/heap"
	"context"
	"math"
	"slices"
)

// candidate is a document that matches a query.
type candidate struct {
	place
	segment int // in the snapshot
}

// hit is a document of a segment that matches a part of a query.
type hit struct {
	doc   uint32
	score float32
}

// best returns the best n candidates after a place, in order, and whether there are more.
func (s *snapshot) best(ctx context.Context, p parsed, after place, n int) (best []candidate, more bool, err error) {
	found, err := s.lists(ctx, p)
	if err != nil {
		return nil, false, err
	}
	total := 0
	for _, head := range s.heads {
		total += head.Entries - head.Removed
	}
	var worst worstFirst
	for i, r := range s.segments {
		for _, h := range found.match(p, i, total) {
			c := candidate{place{h.score, r.ID, h.doc}, i}
			if !after.before(c.place) {
				continue
			}
			if len(worst) < n {
				heap.Push(&worst, c)
				continue
			}
			if more = true; c.before(worst[0].place) {
				worst[0] = c
				heap.Fix(&worst, 0)
			}
		}
	}
	slices.SortFunc(worst, func(a, b candidate) int {
		if a.before(b.place) {
			return -1
		}
		return 1
	})
	return worst, more, found.damaged
}

// worstFirst is a heap of candidates.
type worstFirst []candidate

func (w worstFirst) Len() int           { return len(w) }
func (w worstFirst) Less(a, b int) bool { return w[b].before(w[a].place) }
func (w worstFirst) Swap(a, b int)      { w[a], w[b] = w[b], w[a] }
func (w *worstFirst) Push(c any)        { *w = append(*w, c.(candidate)) }
func (w *worstFirst) Pop() any {
	last := len(*w) - 1
	c := (*w)[last]
	*w = (*w)[:last]
	return c
}

// match returns the documents of a segment that match a query, of total documents.
func (l *lists) match(p parsed, segment, total int) (hits []hit) {
	for i, piece := range p.pieces {
		found := l.matchPiece(piece, segment, total)
		if i > 0 {
			found = both(hits, found)
		}
		if hits = found; len(hits) == 0 {
			return nil
		}
	}
	if p.tag != "" {
		hits = both(hits, l.hits([]string{p.tag}, segment, 0))
	}
	return hits
}

func (l *lists) matchPiece(p piece, segment, total int) (hits []hit) {
	for i, w := range p.words {
		found := l.matchWord(w, segment, total)
		if i > 0 {
			found = both(hits, found)
		}
		hits = found
	}
	if len(p.words) == 1 && slices.Equal(p.whole.terms, p.words[0].terms) {
		return hits
	}
	return either(hits, l.matchWord(p.whole, segment, total))
}

// matchWord returns the documents with any of the terms of a word. Together these are as rare as one term would be.
func (l *lists) matchWord(w word, segment, total int) []hit {
	terms := slices.Clone(w.terms)
	for _, term := range l.expansions[w.prefix] {
		if !slices.Contains(terms, term) {
			terms = append(terms, term)
		}
	}
	documents := 0
	for _, term := range terms {
		if list := l.terms[term]; list != nil {
			documents += list.documents
		}
	}
	n, all := float64(min(documents, total)), float64(total)
	return l.hits(terms, segment, math.Log(1+(all-n+0.5)/(n+0.5)))
}

// hits returns the documents of a segment with any of these terms. The term with the highest impact counts, by that and by its rarity.
func (l *lists) hits(terms []string, segment int, rarity float64) []hit {
	scored := func(doc uint32, impact uint8) hit { return hit{doc, float32(rarity * float64(impact) / 255)} }
	if len(terms) == 1 {
		postings := l.postings(terms[0], segment)
		hits := make([]hit, len(postings))
		for i, p := range postings {
			hits[i] = scored(p.Doc, p.Impact)
		}
		return hits
	}
	highest, count := make([]uint8, l.heads[segment].Entries), 0 // the beginning of a word can be that of a million postings
	for _, term := range terms {
		for _, p := range l.postings(term, segment) {
			if highest[p.Doc] == 0 {
				count++
			}
			highest[p.Doc] = max(highest[p.Doc], p.Impact)
		}
	}
	hits := make([]hit, 0, count)
	for doc, impact := range highest {
		if impact > 0 {
			hits = append(hits, scored(uint32(doc), impact))
		}
	}
	return hits
}

// both returns the documents that are in both, with the sum of their scores.
func both(a, b []hit) []hit {
	found := make([]hit, 0, min(len(a), len(b)))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].doc < b[0].doc:
			a = a[1:]
		case a[0].doc > b[0].doc:
			b = b[1:]
		default:
			found = append(found, hit{a[0].doc, a[0].score + b[0].score})
			a, b = a[1:], b[1:]
		}
	}
	return found
}

// either returns the documents that are in any of both, with the higher of their scores.
func either(a, b []hit) []hit {
	if len(a) == 0 {
		return b
	}
	found := make([]hit, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].doc < b[0].doc:
			found, a = append(found, a[0]), a[1:]
		case a[0].doc > b[0].doc:
			found, b = append(found, b[0]), b[1:]
		default:
			found = append(found, hit{a[0].doc, max(a[0].score, b[0].score)})
			a, b = a[1:], b[1:]
		}
	}
	return append(append(found, a...), b...)
}
