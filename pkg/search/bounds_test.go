package search_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/search"
)

// However many search, a process does few of that at once. The others wait for a while, and then are told to come again.
func TestFind_runsFewAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := classics(t)
		var mutex sync.Mutex
		running, most, done, busy := 0, 0, 0, 0
		slow := func(ctx context.Context, ids []string) (map[string]book, error) {
			mutex.Lock()
			running++
			most = max(most, running)
			mutex.Unlock()
			time.Sleep(1500 * time.Millisecond)
			mutex.Lock()
			defer mutex.Unlock()
			running--
			return l.load(ctx, ids)
		}
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				err := l.index.InTurn(t.Context(), func() error {
					_, _, err := search.Find(t.Context(), l.index, search.Query{Text: "whale", Limit: 1}, slow)
					return err
				})
				mutex.Lock()
				defer mutex.Unlock()
				switch {
				case err == nil:
					done++
				case errs.Is(err, errs.Unavailable):
					busy++
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if most > 4 || done != 8 || busy != 12 {
			t.Errorf("%d at once; %d were done, %d refused", most, done, busy)
		}
	})
}

// A search whose caller has gone does not wait for its turn.
func TestFind_endsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := classics(t)
		ctx, cancel := context.WithCancel(t.Context())
		hold := func() error {
			time.Sleep(time.Minute)
			return nil
		}
		var holders, all sync.WaitGroup
		for range 4 {
			holders.Go(func() { _ = l.index.InTurn(t.Context(), hold) })
		}
		synctest.Wait()
		all.Go(func() {
			if err := l.index.InTurn(ctx, hold); !errs.Is(err, errs.Unavailable) {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		began := time.Now()
		cancel()
		all.Wait()
		if took := time.Since(began); took > 0 {
			t.Errorf("it took %s", took)
		}
		holders.Wait()
	})
}

// An excerpt has as many different words as there are in any place of its size.
func TestMarker_showsTheBestPlace(t *testing.T) {
	const size, width = 120, 90 // a quarter is for what comes before the first word
	searched := []string{"whale", "ship", "river", "stone"}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		text := make([]string, 30+r.IntN(300))
		for i := range text {
			if text[i] = "sand"; r.IntN(6) == 0 {
				text[i] = searched[r.IntN(len(searched))]
			}
		}
		best := 0
		for i := range text {
			different := map[string]bool{}
			for j, length := i, 0; j < len(text) && length+len(text[j]) <= width; j++ {
				if length += len(text[j]) + 1; text[j] != "sand" {
					different[text[j]] = true
				}
			}
			best = max(best, len(different))
		}
		marked := search.Query{Text: strings.Join(searched, " ")}.Marker(size)(strings.Join(text, " "))
		got := 0
		for _, word := range searched {
			if strings.Contains(marked, "<mark>"+word+"</mark>") {
				got++
			}
		}
		if got < best {
			t.Errorf("%d of %d words: %s", got, best, marked)
		}
	}
}

// A text that has nothing but a word of the query costs no more than its first kilobytes.
func TestMarker_looksNoFurtherThanItHelps(t *testing.T) {
	text := strings.Repeat("go ", 20_000)
	mark := search.Query{Text: "go whale "}.Marker(200)
	if made := testing.AllocsPerRun(10, func() { mark(text) }); made > 100 {
		t.Errorf("it makes %.0f allocations", made)
	}
	if got := mark(strings.Repeat("sand ", 10_000) + "go"); !strings.Contains(got, "<mark>go</mark>") {
		t.Errorf("got %s", got)
	}
}

// Only a field that is found as a whole is folded as a whole.
func TestPut_foldsNoWholeTexts(t *testing.T) {
	l := newLibrary()
	document := book{ID: "a", Text: "“" + strings.Repeat("sand ", 400_000) + "”"}.document()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	must.Do(t, l.index.Put(t.Context(), document))
	runtime.ReadMemStats(&after)
	if made := after.TotalAlloc - before.TotalAlloc; made > 2_000_000 {
		t.Errorf("2 MB of text take %d bytes", made)
	}
}

// A page of long texts, searched for sixteen frequent words.
func BenchmarkMarker(b *testing.B) {
	var texts []string
	for d := range corpus(100) {
		texts = append(texts, strings.Repeat(d.Texts["text"]+" ", 1+50_000/len(d.Texts["text"])))
	}
	for name, first := range map[string]uint64{"frequent": 2, "rare": 50_000} {
		var query strings.Builder
		for i := range uint64(16) {
			fmt.Fprintf(&query, "%s ", made(first+i))
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				mark := search.Query{Text: query.String()}.Marker(200)
				for _, text := range texts {
					mark(text)
				}
			}
		})
	}
}
