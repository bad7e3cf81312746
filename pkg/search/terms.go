package search

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"stoa/pkg/search/internal/segment"
)

const (
	// maxExpansions is for how many words the beginning of a word stands at most: those that most documents have.
	maxExpansions = 64
	// maxPrefixBlocks is in how many blocks of a segment they are looked for.
	maxPrefixBlocks = 4
)

// lists are the postings of terms in a snapshot.
type lists struct {
	terms map[string]*list
	// expansions are the terms with a prefix, by prefix.
	expansions map[string][]string
}

// list has the postings of a term by segment, and the number of documents that have it.
type list struct {
	documents int
	postings  map[int][]segment.Posting
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
	wanted := map[blockOf]bool{}
	for i, head := range s.heads {
		for term := range exact {
			from, to := head.BlocksOfTerm(term)
			mark(wanted, i, from, to)
		}
		for prefix := range prefixes {
			from, to := head.BlocksOfPrefix(prefix)
			mark(wanted, i, from, min(to, from+maxPrefixBlocks))
		}
	}
	l := &lists{terms: map[string]*list{}, expansions: map[string][]string{}}
	return l, s.collect(ctx, l, sorted(wanted), exact, prefixes)
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

// collect decodes the terms that are wanted.
func (s *snapshot) collect(ctx context.Context, l *lists, wanted []blockOf, exact, prefixes map[string]bool) error {
	read, err := s.read(ctx, wanted)
	if err != nil {
		return err
	}
	if err := l.expand(wanted, read, exact, prefixes); err != nil {
		return err
	}
	return each(wanted, read, func(b blockOf, term segment.Term) error {
		if !exact[string(term.Text)] {
			return nil
		}
		return l.add(term, b.segment, s.heads[b.segment].Entries)
	})
}

// expand adds the commonest terms with each prefix to those that are wanted.
func (l *lists) expand(wanted []blockOf, read map[blockOf][]byte, exact, prefixes map[string]bool) error {
	if len(prefixes) == 0 {
		return nil
	}
	documents := map[string]int{}
	err := each(wanted, read, func(_ blockOf, term segment.Term) error {
		if hasPrefix(term.Text, prefixes) {
			documents[string(term.Text)] += term.Documents
		}
		return nil
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
func each(wanted []blockOf, read map[blockOf][]byte, do func(blockOf, segment.Term) error) error {
	for _, b := range wanted {
		for term, err := range segment.Terms(read[b]) {
			if err == nil {
				err = do(b, term)
			}
			if err != nil {
				return errDamaged(err)
			}
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

// add adds the postings that a block has of a term.
func (l *lists) add(term segment.Term, in, entries int) (err error) {
	known := l.terms[string(term.Text)]
	if known == nil {
		known = &list{postings: map[int][]segment.Posting{}}
		l.terms[string(term.Text)] = known
	}
	if len(known.postings[in]) == 0 {
		known.documents += term.Documents
	}
	known.postings[in], err = term.Postings(known.postings[in], entries)
	return err
}
