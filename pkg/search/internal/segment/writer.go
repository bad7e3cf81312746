package segment

import "encoding/binary"

// Writer makes a segment. First it takes all entries in the order of their ids, then all terms in order.
type Writer struct {
	emit  func(block []byte) error
	head  Head
	held  [][]byte // blocks that may fit into the head
	size  int      // of all blocks
	block []byte
	last  string // the term before, in this block
}

// NewWriter returns a writer that hands over blocks, in order, unless all of them fit into the head.
func NewWriter(emit func(block []byte) error) *Writer { return &Writer{emit: emit} }

// Entry adds an entry. Entries are numbered from 0 on.
func (w *Writer) Entry(e Entry) error {
	if len(w.block) >= entryBlock {
		if err := w.flush(); err != nil {
			return err
		}
	}
	if len(w.block) == 0 {
		w.head.IDs = append(w.head.IDs, First{e.ID, w.head.Entries})
	}
	state := uint64(e.Version) << 1
	if e.Removed {
		state |= 1
		w.head.Removed++
	}
	w.head.Entries++
	w.block = appendText(w.block, e.ID)
	w.block = binary.AppendUvarint(w.block, state)
	return nil
}

// Term adds a term with its postings, in the order of their documents. A long list goes on in the next blocks.
func (w *Writer) Term(term string, postings []Posting) error {
	if len(w.head.Terms) == 0 { // the entries are complete
		if err := w.flush(); err != nil {
			return err
		}
	}
	for rest := postings; len(rest) > 0; {
		if len(w.block) >= termBlock {
			if err := w.flush(); err != nil {
				return err
			}
		}
		var list []byte
		list, rest = encode(rest, max(termBlock-len(w.block), termBlock/8))
		w.term(term, len(postings), list)
		if len(rest) > 0 {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// term writes a term and postings into the block.
func (w *Writer) term(term string, documents int, list []byte) {
	if len(w.block) == 0 {
		w.head.Terms, w.last = append(w.head.Terms, term), ""
	}
	shared := 0
	for shared < min(len(term), len(w.last)) && term[shared] == w.last[shared] {
		shared++
	}
	w.block = binary.AppendUvarint(w.block, uint64(shared))
	w.block = appendText(w.block, term[shared:])
	w.block = binary.AppendUvarint(w.block, uint64(documents))
	w.block = binary.AppendUvarint(w.block, uint64(len(list)))
	w.block = append(w.block, list...)
	w.last = term
}

// encode writes postings until they have about so many bytes, and returns the rest.
func encode(postings []Posting, size int) (list []byte, rest []Posting) {
	before := uint32(0)
	for i, p := range postings {
		if len(list) >= size {
			return list, postings[i:]
		}
		list = binary.AppendUvarint(list, uint64(p.Doc-before))
		list = append(list, p.Impact)
		before = p.Doc
	}
	return list, nil
}

func appendText(to []byte, text string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

// flush ends a block. Blocks are held back until they are too large for the head.
func (w *Writer) flush() error {
	if len(w.block) == 0 {
		return nil
	}
	w.held, w.size, w.block = append(w.held, w.block), w.size+len(w.block), nil
	if w.size <= headBlocks {
		return nil
	}
	for _, block := range w.held {
		if err := w.emit(block); err != nil {
			return err
		}
	}
	w.held = nil
	return nil
}

// Close returns the head of the segment.
func (w *Writer) Close() (Head, error) {
	err := w.flush()
	w.head.Blocks = w.held
	return w.head, err
}
