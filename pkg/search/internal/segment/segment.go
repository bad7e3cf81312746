// Package segment has the form of the parts of a search index: blocks of bytes that never change. It knows nothing of stores.
//
// A segment has blocks of entries, in the order of their ids, and then blocks of terms, in order. A document has the number of
// its entry. A term has a posting for each document that contains it.
package segment

import "sort"

const (
	// entryBlock and termBlock are about how large blocks are, in bytes. A search reads a block of entries for each document
	// that it shows, and a block of terms or two for each word.
	entryBlock = 4 << 10
	termBlock  = 32 << 10
	// headBlocks is up to which size the blocks of a small segment are in its head, so that one read gets all of it.
	headBlocks = 32 << 10
)

// Entry is a version of a document.
type Entry struct {
	ID      string
	Version int64
	Removed bool
}

// Over reports whether an entry replaces another one of the same document.
func (e Entry) Over(other Entry) bool {
	if e.Version != other.Version {
		return e.Version > other.Version
	}
	return e.Removed && !other.Removed
}

// Posting says that a document contains a term.
type Posting struct {
	Doc uint32
	// Impact is the share of the term in the score of the document, of 255.
	Impact uint8
}

// Head says what is in the blocks of a segment.
type Head struct {
	// Entries is how many there are, and Removed how many of them have no document.
	Entries int `json:"entries"`
	Removed int `json:"removed,omitempty"`
	// IDs has the first entry of each block of entries, and Terms the first term of each block of terms.
	IDs   []First  `json:"ids,omitempty"`
	Terms []string `json:"terms,omitempty"`
	// Blocks are all blocks of a small segment.
	Blocks [][]byte `json:"blocks,omitempty"`
}

// First is the first entry of a block.
type First struct {
	ID  string `json:"id"`
	Doc int    `json:"doc"`
}

// BlockOfDoc returns the block that has the entry with a number, and the number of the first entry in it.
func (h Head) BlockOfDoc(doc uint32) (block, first int) {
	block = sort.Search(len(h.IDs), func(i int) bool { return h.IDs[i].Doc > int(doc) }) - 1
	return block, h.IDs[block].Doc
}

// BlockOfID returns the only block that can have the entry of a document; there may be none.
func (h Head) BlockOfID(id string) (block int, found bool) {
	block = sort.Search(len(h.IDs), func(i int) bool { return h.IDs[i].ID > id }) - 1
	return block, block >= 0
}

// BlocksOfTerm returns the blocks that can have a term: from one up to, and without, another.
func (h Head) BlocksOfTerm(term string) (from, to int) { return h.blocks(term, term) }

// BlocksOfPrefix returns the blocks that can have terms with a prefix.
func (h Head) BlocksOfPrefix(prefix string) (from, to int) { return h.blocks(prefix, prefix+"\xff") }

func (h Head) blocks(first, last string) (from, to int) {
	// A long list of postings goes on in the next block, so the block before the first one may have the term, too.
	from = max(0, sort.SearchStrings(h.Terms, first)-1)
	to = sort.Search(len(h.Terms), func(i int) bool { return h.Terms[i] > last })
	return len(h.IDs) + from, len(h.IDs) + max(from, to)
}
