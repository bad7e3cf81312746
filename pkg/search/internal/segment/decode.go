package segment

import (
	"encoding/binary"
	"errors"
	"iter"
	"math"
)

var errDamaged = errors.New("a part of the search index is damaged")

// decoder reads a block. After an error it reads nothing more.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) number(most uint64) uint64 {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 || n > most {
		d.rest, d.bad = nil, true
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

func (d *decoder) bytes() []byte {
	n := d.number(uint64(len(d.rest)))
	if n > uint64(len(d.rest)) {
		d.rest, d.bad = nil, true
		return nil
	}
	read := d.rest[:n]
	d.rest = d.rest[n:]
	return read
}

// scanned is an entry whose id is not copied yet.
type scanned struct {
	id      []byte
	version int64
	removed bool
}

// scan yields the entries of a block. The bytes of an id are those of the block.
func scan(block []byte) iter.Seq2[scanned, error] {
	return func(yield func(scanned, error) bool) {
		for d := (&decoder{rest: block}); len(d.rest) > 0; {
			id := d.bytes()
			state := d.number(math.MaxUint64)
			if d.bad {
				yield(scanned{}, errDamaged)
				return
			}
			if !yield(scanned{id, int64(state >> 1), state&1 == 1}, nil) {
				return
			}
		}
	}
}

func (n scanned) entry() Entry {
	return Entry{ID: string(n.id), Version: n.version, Removed: n.removed}
}

// Entries returns the entries of a block.
func Entries(block []byte) (entries []Entry, err error) {
	for n, err := range scan(block) {
		if err != nil {
			return nil, err
		}
		entries = append(entries, n.entry())
	}
	return entries, nil
}

// EntryAt returns the entry at a place in a block.
func EntryAt(block []byte, place int) (Entry, error) {
	for n, err := range scan(block) {
		if err != nil {
			return Entry{}, err
		}
		if place == 0 {
			return n.entry(), nil
		}
		place--
	}
	return Entry{}, errDamaged
}

// EntryOf returns the entry of a document in a block, if there is one.
func EntryOf(block []byte, id string) (entry Entry, found bool, err error) {
	for n, err := range scan(block) {
		if err != nil || string(n.id) > id {
			return Entry{}, false, err
		}
		if string(n.id) == id {
			return n.entry(), true, nil
		}
	}
	return Entry{}, false, nil
}

// Term is a term in a block.
type Term struct {
	// Text is valid until the next term is read.
	Text []byte
	// Documents is how many documents of the segment contain the term, also if their postings are in several blocks.
	Documents int
	list      []byte
}

// Terms yields the terms of a block in order. The first one may have begun in the block before.
func Terms(block []byte) iter.Seq2[Term, error] {
	return func(yield func(Term, error) bool) {
		var text []byte
		for d := (&decoder{rest: block}); len(d.rest) > 0; {
			shared := d.number(uint64(len(text)))
			text = append(text[:shared], d.bytes()...)
			documents := d.number(math.MaxUint32)
			list := d.bytes()
			if d.bad {
				yield(Term{}, errDamaged)
				return
			}
			if !yield(Term{text, int(documents), list}, nil) {
				return
			}
		}
	}
}

// Postings appends the postings of the term in this block. The segment has so many entries.
func (t Term) Postings(to []Posting, entries int) ([]Posting, error) {
	doc, begun := uint64(0), false
	for d := (&decoder{rest: t.list}); len(d.rest) > 0; {
		step := d.number(math.MaxUint32)
		if doc += step; d.bad || len(d.rest) == 0 || doc >= uint64(entries) || begun && step == 0 {
			return nil, errDamaged
		}
		to = append(to, Posting{uint32(doc), d.rest[0]})
		d.rest, begun = d.rest[1:], true
	}
	return to, nil
}
