package segment

import (
	"cmp"
	"maps"
	"slices"
)

// Document is an entry with the terms that it contains, and the impact of each.
type Document struct {
	Entry
	Terms map[string]uint8
}

// Build writes the segment of documents. Of several entries of a document it takes the one that counts.
func Build(documents []Document, w *Writer) error {
	documents = latest(documents)
	postings := map[string][]Posting{}
	for i, d := range documents {
		if err := w.Entry(d.Entry); err != nil {
			return err
		}
		for term, impact := range d.Terms {
			postings[term] = append(postings[term], Posting{uint32(i), impact})
		}
	}
	for _, term := range slices.Sorted(maps.Keys(postings)) {
		if err := w.Term(term, postings[term]); err != nil {
			return err
		}
	}
	return nil
}

// latest returns the entries that count, in the order of their ids.
func latest(documents []Document) []Document {
	documents = slices.Clone(documents)
	slices.SortStableFunc(documents, func(a, b Document) int {
		switch byID := cmp.Compare(a.ID, b.ID); {
		case byID != 0:
			return byID
		case a.Over(b.Entry):
			return -1
		case b.Over(a.Entry):
			return 1
		default:
			return 0
		}
	})
	return slices.CompactFunc(documents, func(a, b Document) bool { return a.ID == b.ID })
}
