package segment

import (
	"cmp"
	"math"
	"slices"
)

// Source is a segment to be merged.
type Source struct {
	Head Head
	// Block reads a block. Merge reads those of entries in order, and then those of terms in order.
	Block func(n int) ([]byte, error)
}

// dropped is the new number of a document that another entry replaces.
const dropped = math.MaxUint32

// Merge writes one segment of several. It drops entries that another one replaces, and their postings. Of equal entries, the
// one of the first source counts.
func Merge(sources []Source, w *Writer) error {
	numbers, err := mergeEntries(sources, w)
	if err != nil {
		return err
	}
	return mergeTerms(sources, numbers, w)
}

// mergeEntries writes the entries that count, and returns the new numbers of all documents, by source.
func mergeEntries(sources []Source, w *Writer) (numbers [][]uint32, err error) {
	streams := make([]*entries, len(sources))
	for i, source := range sources {
		streams[i] = &entries{source: source}
		numbers = append(numbers, make([]uint32, 0, source.Head.Entries))
		if err := streams[i].next(); err != nil {
			return nil, err
		}
	}
	for next := uint32(0); ; next++ {
		best := -1 // the stream with the entry that counts, of those with the lowest id
		for i, s := range streams {
			if s.ended {
				continue
			}
			if best < 0 || s.now.ID < streams[best].now.ID || s.now.ID == streams[best].now.ID && s.now.Over(streams[best].now) {
				best = i
			}
		}
		if best < 0 {
			return numbers, complete(sources, numbers)
		}
		entry := streams[best].now
		if err := w.Entry(entry); err != nil {
			return nil, err
		}
		for i, s := range streams {
			if s.ended || s.now.ID != entry.ID {
				continue
			}
			number := next
			if i != best {
				number = dropped
			}
			numbers[i] = append(numbers[i], number)
			if err := s.next(); err != nil {
				return nil, err
			}
		}
	}
}

// complete fails if a source has not as many entries as its head says: its postings would be of documents that nobody knows.
func complete(sources []Source, numbers [][]uint32) error {
	for i, source := range sources {
		if len(numbers[i]) != source.Head.Entries {
			return errDamaged
		}
	}
	return nil
}

// entries is a stream of the entries of a source.
type entries struct {
	source Source
	block  int // the next one
	read   []Entry
	now    Entry
	ended  bool
}

func (s *entries) next() (err error) {
	for len(s.read) == 0 {
		if s.block == len(s.source.Head.IDs) {
			s.ended = true
			return nil
		}
		block, err := s.source.Block(s.block)
		if err != nil {
			return err
		}
		if s.read, err = Entries(block); err != nil {
			return err
		}
		s.block++
	}
	s.now, s.read = s.read[0], s.read[1:]
	return nil
}

// mergeTerms writes the postings of the documents that have a new number.
func mergeTerms(sources []Source, numbers [][]uint32, w *Writer) error {
	streams := make([]*terms, len(sources))
	for i, source := range sources {
		streams[i] = &terms{source: source, block: len(source.Head.IDs)}
		if err := streams[i].next(); err != nil {
			return err
		}
	}
	for {
		term, ended := "", true // the lowest
		for _, s := range streams {
			if !s.ended && (ended || s.text < term) {
				term, ended = s.text, false
			}
		}
		if ended {
			return nil
		}
		var postings []Posting
		for i, s := range streams {
			if s.ended || s.text != term {
				continue
			}
			postings = renumber(postings, s.postings, numbers[i])
			if err := s.next(); err != nil {
				return err
			}
		}
		slices.SortFunc(postings, func(a, b Posting) int { return cmp.Compare(a.Doc, b.Doc) })
		if err := w.Term(term, postings); err != nil {
			return err
		}
	}
}

func renumber(to, postings []Posting, numbers []uint32) []Posting {
	for _, p := range postings {
		if number := numbers[p.Doc]; number != dropped {
			to = append(to, Posting{number, p.Impact})
		}
	}
	return to
}

// terms is a stream of the terms of a source, each with all of its postings.
type terms struct {
	source   Source
	block    int    // the next one
	read     []read // of the block before
	text     string
	postings []Posting
	ended    bool
}

type read struct {
	text     string
	postings []Posting
}

func (s *terms) next() error {
	if err := s.fill(); err != nil {
		return err
	}
	if s.ended = len(s.read) == 0; s.ended {
		return nil
	}
	s.text, s.postings, s.read = s.read[0].text, s.read[0].postings, s.read[1:]
	for {
		if err := s.fill(); err != nil {
			return err
		}
		if len(s.read) == 0 || s.read[0].text != s.text {
			return nil
		}
		s.postings, s.read = append(s.postings, s.read[0].postings...), s.read[1:]
	}
}

// fill reads the next block if the one before is used up.
func (s *terms) fill() error {
	if len(s.read) > 0 || s.block == len(s.source.Head.IDs)+len(s.source.Head.Terms) {
		return nil
	}
	block, err := s.source.Block(s.block)
	if err != nil {
		return err
	}
	s.block++
	for term, err := range Terms(block) {
		if err != nil {
			return err
		}
		postings, err := term.Postings(nil, s.source.Head.Entries)
		if err != nil {
			return err
		}
		s.read = append(s.read, read{string(term.Text), postings})
	}
	return nil
}
