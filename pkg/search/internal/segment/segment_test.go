package segment_test

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"stoa/pkg/common/must"
	"stoa/pkg/search/internal/segment"
)

// built is a segment in memory.
type built struct {
	head   segment.Head
	blocks [][]byte
}

func (b built) source() segment.Source {
	return segment.Source{Head: b.head, Block: func(n int) ([]byte, error) { return b.block(n), nil }}
}

func (b built) block(n int) []byte {
	if len(b.head.Blocks) > 0 {
		return b.head.Blocks[n]
	}
	return b.blocks[n]
}

func write(t *testing.T, fill func(*segment.Writer) error) (b built) {
	t.Helper()
	w := segment.NewWriter(func(block []byte) error { b.blocks = append(b.blocks, block); return nil })
	must.Do(t, fill(w))
	b.head = must.Get(w.Close())(t)
	return b
}

func build(t *testing.T, documents ...segment.Document) built {
	t.Helper()
	return write(t, func(w *segment.Writer) error { return segment.Build(documents, w) })
}

func merge(t *testing.T, segments ...built) built {
	t.Helper()
	var sources []segment.Source
	for _, b := range segments {
		sources = append(sources, b.source())
	}
	return write(t, func(w *segment.Writer) error { return segment.Merge(sources, w) })
}

// content reads a segment, block by block, into the documents that it was made from.
func (b built) content(t *testing.T) []segment.Document {
	t.Helper()
	var all []segment.Document
	for i, first := range b.head.IDs {
		entries := must.Get(segment.Entries(b.block(i)))(t)
		if first.Doc != len(all) || entries[0].ID != first.ID {
			t.Errorf("block %d begins with %+v, want %+v", i, entries[0], first)
		}
		for _, e := range entries {
			all = append(all, segment.Document{Entry: e, Terms: map[string]uint8{}})
		}
	}
	for i := range b.head.Terms {
		for term, err := range segment.Terms(b.block(len(b.head.IDs) + i)) {
			must.Do(t, err)
			for _, p := range must.Get(term.Postings(nil, b.head.Entries))(t) {
				all[p.Doc].Terms[string(term.Text)] = p.Impact
			}
		}
	}
	return all
}

func document(id string, version int64, terms ...string) segment.Document {
	d := segment.Document{Entry: segment.Entry{ID: id, Version: version, Removed: len(terms) == 0}, Terms: map[string]uint8{}}
	for i, term := range terms {
		d.Terms[term] = uint8(i + 1)
	}
	return d
}

func expect(t *testing.T, got built, want ...segment.Document) {
	t.Helper()
	if content := got.content(t); !reflect.DeepEqual(content, want) && len(content)+len(want) > 0 {
		t.Errorf("got %v, want %v", content, want)
	}
	removed := 0
	for _, d := range want {
		if d.Removed {
			removed++
		}
	}
	if got.head.Entries != len(want) || got.head.Removed != removed {
		t.Errorf("the head has %d entries, %d removed; want %d, %d", got.head.Entries, got.head.Removed, len(want), removed)
	}
}

func TestBuild_takesTheEntryThatCounts(t *testing.T) {
	expect(t, build(t))
	expect(t, build(t, document("b", 2, "x", "xy"), document("a", 1, "y"), document("b", 1, "z"), document("c", 3, "x"), document("c", 3)),
		document("a", 1, "y"), document("b", 2, "x", "xy"), document("c", 3))
}

func TestMerge_takesTheEntriesThatCount(t *testing.T) {
	a := build(t, document("a", 1, "x"), document("b", 3, "x", "y"), document("d", 1, "w"))
	b := build(t, document("a", 2, "y"), document("b", 2, "z"), document("c", 1), document("d", 1))
	want := []segment.Document{document("a", 2, "y"), document("b", 3, "x", "y"), document("c", 1), document("d", 1)}
	expect(t, merge(t, a, b), want...)
	expect(t, merge(t, b, a), want...)
	expect(t, merge(t, a, b, merge(t, a, b), b), want...)
	expect(t, merge(t))
}

// random returns documents that fill several blocks, with some terms that nearly all of them have.
func random(r *rand.Rand, n int) []segment.Document {
	var all []segment.Document
	for range n {
		d := segment.Document{Entry: segment.Entry{
			ID: fmt.Sprintf("document-%d", r.IntN(2*n)), Version: r.Int64N(5), Removed: r.IntN(10) == 0,
		}, Terms: map[string]uint8{}}
		for range 30 {
			if !d.Removed {
				d.Terms[fmt.Sprintf("w%x", int(r.ExpFloat64()*50))] = uint8(1 + r.IntN(255))
			}
		}
		all = append(all, d)
	}
	return all
}

// Segments of several blocks are read as they were written, however they are merged.
func TestMerge_isTheSameInAnyOrder(t *testing.T) {
	must.HaveTime(t)
	r := rand.New(rand.NewPCG(1, 2))
	var parts []built
	seen := map[segment.Entry]segment.Document{} // equal entries have equal terms
	var all []segment.Document
	for _, n := range []int{3000, 1, 50, 700, 20_000} {
		documents := random(r, n)
		for i, d := range documents {
			if first, known := seen[d.Entry]; known {
				documents[i] = first
			}
			seen[d.Entry] = documents[i]
		}
		all = append(all, documents...)
		parts = append(parts, build(t, documents...))
	}
	whole := build(t, all...)
	if len(whole.blocks) < 20 || len(whole.head.IDs) < 5 {
		t.Fatalf("%d blocks, %d of entries", len(whole.blocks), len(whole.head.IDs))
	}
	want := whole.content(t)
	expect(t, merge(t, parts...), want...)
	slices.Reverse(parts)
	expect(t, merge(t, merge(t, parts[:2]...), merge(t, parts[1:]...)), want...)
}

// The head names the blocks in which a reader has to look.
func TestHead_namesBlocks(t *testing.T) {
	must.HaveTime(t)
	documents := random(rand.New(rand.NewPCG(3, 4)), 20_000)
	b := build(t, documents...)
	want := map[string]int{} // postings by term
	for doc, d := range b.content(t) {
		block, first := b.head.BlockOfDoc(uint32(doc))
		if entry := must.Get(segment.EntryAt(b.block(block), doc-first))(t); entry != d.Entry {
			t.Fatalf("document %d: got %+v, want %+v", doc, entry, d.Entry)
		}
		block, found := b.head.BlockOfID(d.ID)
		if !found {
			t.Fatalf("%s: no block", d.ID)
		}
		if entry, found, err := segment.EntryOf(b.block(block), d.ID); err != nil || !found || entry != d.Entry {
			t.Fatalf("%s: got %+v, %t, %v", d.ID, entry, found, err)
		}
		for term := range d.Terms {
			want[term]++
		}
	}
	for _, term := range slices.Sorted(maps.Keys(want)) {
		from, to := b.head.BlocksOfTerm(term)
		if got, documents := b.count(t, term, from, to); got != want[term] || documents != want[term] {
			t.Errorf("%s: got %d postings in blocks %d to %d, and %d documents; want %d", term, got, from, to, documents, want[term])
		}
	}
	for _, strange := range []string{"", "a", "zzz", "document-", "document-1x"} {
		if block, found := b.head.BlockOfID(strange); found {
			if _, found, err := segment.EntryOf(b.block(block), strange); found || err != nil {
				t.Errorf("%q is found, error %v", strange, err)
			}
		}
		from, to := b.head.BlocksOfTerm(strange)
		if got, _ := b.count(t, strange, from, to); got > 0 {
			t.Errorf("%q is a term", strange)
		}
	}
	from, to := b.head.BlocksOfPrefix("w1")
	got := map[string]bool{}
	for i := from; i < to; i++ {
		for term := range segment.Terms(b.block(i)) {
			got[string(term.Text)] = true
		}
	}
	for term := range want {
		if term[:2] == "w1" && !got[term] {
			t.Errorf("%s is in no block of its prefix", term)
		}
	}
}

// count counts the postings of a term in some blocks.
func (b built) count(t *testing.T, text string, from, to int) (n, documents int) {
	t.Helper()
	for i := from; i < to; i++ {
		for term, err := range segment.Terms(b.block(i)) {
			must.Do(t, err)
			if string(term.Text) == text {
				n += len(must.Get(term.Postings(nil, b.head.Entries))(t))
				documents = cmp.Or(documents, term.Documents)
			}
		}
	}
	return n, documents
}

func TestWriter_stopsWhenABlockCannotBeWritten(t *testing.T) {
	broken := errors.New("broken")
	w := segment.NewWriter(func([]byte) error { return broken })
	if err := segment.Build(random(rand.New(rand.NewPCG(5, 6)), 5000), w); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	source := build(t, document("a", 1, "x")).source()
	source.Block = func(int) ([]byte, error) { return nil, broken }
	if err := segment.Merge([]segment.Source{source}, w); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// Blocks without what their head says are an error, never a panic.
func TestMerge_refusesWhatIsDamaged(t *testing.T) {
	whole := build(t, document("a", 1, "x"), document("b", 1, "x"), document("c", 1, "y"))
	for i, block := range whole.head.Blocks {
		for n := range block {
			broken := whole
			broken.head.Blocks = slices.Clone(whole.head.Blocks)
			broken.head.Blocks[i] = block[:n]
			err := segment.Merge([]segment.Source{whole.source(), broken.source()}, segment.NewWriter(nil))
			if i == 0 && err == nil {
				t.Errorf("with %d bytes of the entries: merged", n)
			}
		}
	}
}

// What is damaged is an error, never a panic, and no more work than it has bytes.
func FuzzDecode(f *testing.F) {
	w := segment.NewWriter(nil)
	must.Do(f, w.Entry(segment.Entry{ID: "a", Version: 3}))
	must.Do(f, w.Term("x", []segment.Posting{{Doc: 0, Impact: 1}}))
	must.Do(f, w.Term("xy", []segment.Posting{{Doc: 0, Impact: 9}}))
	head, _ := w.Close()
	for _, block := range head.Blocks {
		f.Add(block)
	}
	f.Fuzz(func(t *testing.T, block []byte) {
		entries, err := segment.Entries(block)
		if err == nil && len(entries) > 0 {
			if _, err := segment.EntryAt(block, len(entries)-1); err != nil {
				t.Error(err)
			}
		}
		_, _, _ = segment.EntryOf(block, "a")
		for term, err := range segment.Terms(block) {
			if err != nil {
				break
			}
			postings, err := term.Postings(nil, 1000)
			byDoc := func(a, b segment.Posting) int { return cmp.Compare(a.Doc, b.Doc) }
			if err == nil && !slices.IsSortedFunc(postings, byDoc) {
				t.Errorf("got %v", postings)
			}
		}
	})
}
