package search

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"stoa/pkg/search/internal/segment"
)

const (
	// maxExpansions is for how many words the beginning of a word stands at most: those that most documents have.
	maxExpansions = 64
	// maxPrefixBlocks is in how many blocks of a segment they are looked for: half a megabyte. A word that is in every third post of
	// 100,000 takes two blocks by itself.
	maxPrefixBlocks = 16
)

// lists are the postings of terms in a snapshot. They stay as they are stored until they are matched, since a process keeps those
// bytes anyway: decoded, the lists of a query can have some megabytes.
type lists struct {
	terms map[string]*list
	// expansions are the terms with a prefix, by prefix.
	expansions map[string][]string
	heads      []segment.Head
	damaged    error
}

// list has what the blocks of each segment have of a term, and the number of documents that have it.
type list struct {
	documents int
	pieces    map[int][]segment.Term
}

// postings decodes the postings of a term in a segment. After an error, which is damaged, there are none.
func (l *lists) postings(term string, in int) (all []segment.Posting) {
	known := l.terms[term]
	if known == nil || len(known.pieces[in]) == 0 {
		return nil
	}
	pieces := known.pieces[in]
	all = make([]segment.Posting, 0, min(pieces[0].Documents, l.heads[in].Entries))
	for _, piece := range pieces {
		var err error
		if all, err = piece.Postings(all, l.heads[in].Entries); err != nil {
			l.damaged = errDamaged(err)
			return nil
		}
	}
	return all
}

// lists reads the postings of all terms of a query.
func (s *snapshot) lists(ctx context.Context, p parsed) (*lists, error) {
	exact, prefixes := map[string]bool{}, map[string]bool{}
	for w := range p.all {
		for _, term := range w.terms {
			exact[term] = true
		}
		if w.prefix != "" {
			prefixes[w.prefix] = true
		}
	}
	if p.tag != "" {
		exact[p.tag] = true
	}
	wanted, open := map[blockOf]bool{}, map[blockOf]bool{}
	for i, head := range s.heads {
		for term := range exact {
			from, to := head.BlocksOfTerm(term)
			mark(wanted, i, from, to)
		}
		for prefix := range prefixes {
			from, to := head.BlocksOfPrefix(prefix)
			mark(open, i, from, min(to, from+maxPrefixBlocks))
		}
	}
	maps.Copy(wanted, open)
	l := &lists{terms: map[string]*list{}, expansions: map[string][]string{}, heads: s.heads}
	return l, s.collect(ctx, l, sorted(wanted), sorted(open), exact, prefixes)
}

func mark(wanted map[blockOf]bool, segment, from, to int) {
	for block := from; block < to; block++ {
		wanted[blockOf{segment, block}] = true
	}
}

// sorted returns blocks in order: the postings of a term go on in the next block.
func sorted(wanted map[blockOf]bool) []blockOf {
	all := make([]blockOf, 0, len(wanted))
	for b := range wanted {
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b blockOf) int {
		return cmp.Or(cmp.Compare(a.segment, b.segment), cmp.Compare(a.block, b.block))
	})
	return all
}

// collect decodes the terms that are wanted, of which those with a prefix are in the blocks open.
func (s *snapshot) collect(ctx context.Context, l *lists, wanted, open []blockOf, exact, prefixes map[string]bool) error {
	read, err := s.read(ctx, wanted)
	if err != nil {
		return err
	}
	if err := l.expand(open, read, exact, prefixes); err != nil {
		return err
	}
	return each(wanted, read, func(b blockOf, term segment.Term) {
		if exact[string(term.Text)] {
			l.add(term, b.segment)
		}
	})
}

// expand adds the commonest terms with each prefix to those that are wanted.
func (l *lists) expand(open []blockOf, read map[blockOf][]byte, exact, prefixes map[string]bool) error {
	documents := map[string]int{}
	err := each(open, read, func(_ blockOf, term segment.Term) {
		if hasPrefix(term.Text, prefixes) {
			documents[string(term.Text)] += term.Documents
		}
	})
	for prefix := range prefixes {
		l.expansions[prefix] = commonest(documents, prefix)
		for _, term := range l.expansions[prefix] {
			exact[term] = true
		}
	}
	return err
}

// each calls do with all terms of some blocks.
func each(wanted []blockOf, read map[blockOf][]byte, do func(blockOf, segment.Term)) error {
	for _, b := range wanted {
		for term, err := range segment.Terms(read[b]) {
			if err != nil {
				return errDamaged(err)
			}
			do(b, term)
		}
	}
	return nil
}

func hasPrefix(text []byte, prefixes map[string]bool) bool {
	for prefix := range prefixes {
		if len(text) >= len(prefix) && string(text[:len(prefix)]) == prefix {
			return true
		}
	}
	return false
}

// commonest returns the terms with a prefix that most documents have.
func commonest(documents map[string]int, prefix string) []string {
	var terms []string
	for term := range documents {
		if strings.HasPrefix(term, prefix) {
			terms = append(terms, term)
		}
	}
	slices.SortFunc(terms, func(a, b string) int {
		return cmp.Or(cmp.Compare(documents[b], documents[a]), cmp.Compare(a, b))
	})
	return terms[:min(len(terms), maxExpansions)]
}

// add adds what a block has of a term.
func (l *lists) add(term segment.Term, in int) {
	known := l.terms[string(term.Text)]
	if known == nil {
		known = &list{pieces: map[int][]segment.Term{}}
		l.terms[string(term.Text)] = known
	}
	if len(known.pieces[in]) == 0 {
		known.documents += term.Documents
	}
	known.pieces[in] = append(known.pieces[in], term)
}
