package search_test

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	dapr "github.com/dapr/go-sdk/client"

	"stoa/pkg/common/must"
	"stoa/pkg/search"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
)

var posts = flag.Int("posts", 10_000, "how many posts of 500 words the benchmarks index")

// meter counts what a process asks of its sidecar.
type meter struct {
	*sidecartest.States
	calls, read, written int // read and written are bytes
}

func (m *meter) GetState(ctx context.Context, store, key string, meta map[string]string) (*dapr.StateItem, error) {
	item, err := m.States.GetState(ctx, store, key, meta)
	m.calls++
	m.read += len(item.Value)
	return item, err
}

func (m *meter) GetBulkState(
	ctx context.Context, store string, keys []string, meta map[string]string, n int32,
) ([]*dapr.BulkStateItem, error) {
	items, err := m.States.GetBulkState(ctx, store, keys, meta, n)
	m.calls++
	for _, item := range items {
		m.read += len(item.Value)
	}
	return items, err
}

func (m *meter) SaveBulkState(ctx context.Context, store string, items ...*dapr.SetStateItem) error {
	m.calls++
	for _, item := range items {
		m.written += len(item.Value)
	}
	return m.States.SaveBulkState(ctx, store, items...)
}

func (m *meter) DeleteStateWithETag(
	ctx context.Context, store, key string, etag *dapr.ETag, meta map[string]string, options *dapr.StateOptions,
) error {
	m.calls++
	return m.States.DeleteStateWithETag(ctx, store, key, etag, meta, options)
}

// metered returns the index of a process that has read nothing yet.
func metered(states *sidecartest.States) (*meter, *search.Index) {
	m := &meter{States: states}
	return m, indexOn(sidecar.StatesOnly(m))
}

// corpus yields posts of 500 words, of which some are far more frequent than others, as in a language.
func corpus(n int) iter.Seq2[search.Document, error] {
	return func(yield func(search.Document, error) bool) {
		r := rand.New(rand.NewPCG(1, 2))
		frequent := rand.NewZipf(r, 1.1, 8, 300_000)
		for i := range n {
			var text strings.Builder
			for range 500 {
				fmt.Fprintf(&text, "%s ", made(frequent.Uint64()))
			}
			words := text.String()
			id := fmt.Sprintf("%08x-0000-5000-8000-%012x", uint32(i)*2654435761, i) // in no order
			post := book{ID: id, Title: words[:60], Text: words, Version: 1, Tags: []string{fmt.Sprint("tag", i%20)}}
			if !yield(post.document(), nil) {
				return
			}
		}
	}
}

// made returns a word for a rank: the lower, the shorter.
func made(rank uint64) string {
	word := []byte{"bcdfghklmnprst"[rank%14]}
	for rest := rank; rest > 0; rest /= 35 {
		word = append(word, "aeiou"[rest%5], "bdgklmn"[rest/5%7])
	}
	return string(append(word, 'u'))
}

func loadAny(_ context.Context, ids []string) (map[string]string, error) {
	found := map[string]string{}
	for _, id := range ids {
		found[id] = id
	}
	return found, nil
}

// What a query and a put ask of the sidecar does not depend on how many documents there are, besides the parts of the words.
func TestIndex_asksLittleOfTheSidecar(t *testing.T) {
	must.HaveTime(t)
	states, _ := sidecartest.New()
	m, index := metered(states)
	must.Do(t, index.Rebuild(t.Context(), 2000, corpus(2000)))
	for range 20 {
		m.calls = 0
		must.Do(t, index.Put(t.Context(), book{ID: "new", Title: "whale", Text: "sand"}.document()))
		if m.calls != 5 {
			t.Errorf("a put makes %d calls, want 5", m.calls)
		}
	}
	must.Do(t, index.Maintain(t.Context()))
	m, index = metered(states)
	for _, want := range []int{5, 1} { // manifest, heads, words, ids, other entries; and then the manifest alone
		m.calls, m.read = 0, 0
		items, _, err := search.Find(t.Context(), index, search.Query{Text: made(3) + " " + made(500), Limit: 20}, loadAny)
		if must.Do(t, err); len(items) != 20 || m.calls > want || m.read > 2<<20 {
			t.Errorf("%d are found by %d calls, of %d bytes; want at most %d calls", len(items), m.calls, m.read, want)
		}
	}
}

// indexed is a store with an index that the benchmarks share.
var indexed = sync.OnceValues(func() (*sidecartest.States, error) {
	states, side := sidecartest.New()
	return states, indexOn(side).Rebuild(context.Background(), *posts, corpus(*posts))
})

func BenchmarkFind(b *testing.B) {
	states := must.Get(indexed())(b)
	for name, text := range map[string]string{
		"one_common":  made(2) + " ",
		"two_common":  made(2) + " " + made(5) + " ",
		"three_usual": made(40) + " " + made(300) + " " + made(2000) + " ",
		"rare":        made(100_000) + " ",
		"prefix":      made(40) + " " + made(3000)[:3],
	} {
		b.Run(name+"/cold", func(b *testing.B) { find(b, states, text, false) })
		b.Run(name+"/warm", func(b *testing.B) { find(b, states, text, true) })
	}
}

func find(b *testing.B, states *sidecartest.States, text string, warm bool) {
	m, index := metered(states)
	calls, read, found := 0, 0, 0
	search20 := func() {
		items, _, err := search.Find(b.Context(), index, search.Query{Text: text, Limit: 20}, loadAny)
		must.Do(b, err)
		found = len(items)
	}
	search20()
	for b.Loop() {
		if !warm {
			m, index = metered(states)
		}
		m.calls, m.read = 0, 0
		search20()
		calls, read = m.calls, m.read
	}
	b.ReportMetric(float64(calls), "calls")
	b.ReportMetric(float64(read)/1024, "KiB_read")
	b.ReportMetric(float64(found), "found")
}

// A put with its share of the merges.
func BenchmarkPut(b *testing.B) {
	states := must.Get(indexed())(b)
	m, index := metered(states)
	var documents []search.Document
	for d := range corpus(1000) {
		documents = append(documents, d)
	}
	n := 0
	for b.Loop() {
		d := documents[n%len(documents)]
		d.Version = int64(2 + n)
		must.Do(b, index.Put(b.Context(), d))
		if n++; n%20 == 0 {
			must.Do(b, index.Maintain(b.Context()))
		}
	}
	b.ReportMetric(float64(m.calls)/float64(n), "calls/op")
	b.ReportMetric(float64(m.written)/1024/float64(n), "KiB_written/op")
}

// All posts, with what they take in the store.
func BenchmarkRebuild(b *testing.B) {
	for b.Loop() {
		states, _ := sidecartest.New()
		m, index := metered(states)
		must.Do(b, index.Rebuild(b.Context(), *posts, corpus(*posts)))
		calls, written := m.calls, m.written
		must.Do(b, index.Maintain(b.Context()))
		status := must.Get(index.Status(b.Context()))(b)
		b.ReportMetric(float64(calls)/float64(*posts), "calls/post")
		b.ReportMetric(float64(written)/1024/float64(*posts), "KiB_written/post")
		b.ReportMetric(float64(stored(states))/1024/float64(*posts), "KiB_stored/post")
		b.ReportMetric(float64(status.Segments), "segments")
	}
}

// stored is how many bytes the store has.
func stored(states *sidecartest.States) (bytes int) {
	for _, key := range states.Keys("store", "search") {
		bytes += len(key) + len(states.Value("store", key))
	}
	return bytes
}
