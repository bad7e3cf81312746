package chaos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"stoa/internal/stack"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

const (
	sellers      = 4
	goodsEach    = 50
	goodsPerKill = 12
	// rebuiltWithin is longer than the two minutes after which a killed process counts as dead.
	rebuiltWithin = 5 * time.Minute
	// cursorTime is less than the half minute for which the pages of one search belong together, whatever happens.
	cursorTime = 20 * time.Second
)

// Whatever dies while two replicas add, rename and remove 200 products, merge segments and rebuild the index: what was acknowledged is
// found, once, and nothing else is. Meanwhile, no search finds anything twice.
func TestSearch_losesNothingWhenItIsKilled(t *testing.T) {
	apps := client.Only(t, "gateway", "auth", "inventory-api", "inventory-worker")
	shop := client.Start(t, system.Folder(t), apps, func(o *stack.Options) { o.Scale["inventory-api"] = 2 })
	m := &market{Shop: shop, staff: shop.SignIn(t, "staff"), names: map[string]string{}}
	done := make(chan struct{}, goodsPerKill)
	var all sync.WaitGroup
	for n := range sellers {
		all.Go(func() { m.sell(t, n, done) })
	}
	go func() { all.Wait(); close(done) }()
	stop := m.browse(t)
	victims := []string{"inventory-api", "inventory-api-2.sidecar", "inventory-api-2", "inventory-api.sidecar"}
	kills, steps := 0, 0
	for range done {
		if steps++; steps%goodsPerKill != 0 {
			continue
		}
		// A process merges when it starts, and this makes it rebuild: the next kill comes in the middle.
		if _, err := shop.Persist(t.Context(), client.Request{Method: "POST", Path: "/products/search/rebuild", As: m.staff}); err != nil {
			t.Error(err)
		}
		victim := shop.Process(t, victims[kills%len(victims)])
		must.Do(t, shop.Signal(victim.Name, os.Kill))
		system.Eventually(t, victim.Name+" is back", func() error { return shop.Replaced(victim) })
		kills++
	}
	t.Logf("%d changes, %d kills, %d searches", steps, kills, stop())
	if kills < 10 {
		t.Errorf("only %d kills", kills)
	}
	system.Within(t, agreeWithin, "what was acknowledged is found", func() error { return m.check(t) })
	system.Within(t, rebuiltWithin, "the index is rebuilt", func() error {
		var r struct{ State string }
		if shop.Must(t, client.Request{Method: "GET", Path: "/products/search/rebuild", As: m.staff}, http.StatusOK, &r); r.State != "done" {
			return fmt.Errorf("it is %s", r.State)
		}
		return nil
	})
	must.Do(t, m.check(t))
}

// market is a catalogue with what staff were told of it.
type market struct {
	*client.Shop
	staff client.User

	mu    sync.Mutex
	names map[string]string // by id; "" for one that was removed
}

// The words of the products: those of added ones, and of renamed ones.
const added, renamed = "amphora", "krater"

// sell adds products, and renames or removes some of them. It tells of each change.
func (m *market) sell(t *testing.T, seller int, done chan<- struct{}) {
	for n := range goodsEach {
		body := map[string]any{
			"sku": fmt.Sprintf("S-%d-%d", seller, n), "name": fmt.Sprint(added, " ", seller, " ", n), "price": client.Money{Amount: 100, Currency: "EUR"},
		}
		answer, err := m.Persist(t.Context(), client.Request{Method: "POST", Path: "/products", As: m.staff, Body: body, Key: fmt.Sprintf("s-%d-%d", seller, n)})
		var p struct{ ID string }
		if err == nil {
			err = json.Unmarshal(answer.Body, &p)
		}
		name := added
		change := client.Request{Path: "/products/" + p.ID, As: m.staff}
		switch {
		case err != nil:
		case n%3 == 1:
			delete(body, "sku")
			body["name"], name = renamed, renamed
			change.Method, change.Body = "PUT", body
			_, err = m.Persist(t.Context(), change)
		case n%10 == 0:
			change.Method, name = "DELETE", ""
			_, err = m.Persist(t.Context(), change)
		}
		if err != nil {
			t.Errorf("product %d of seller %d: %v", n, seller, err)
			return
		}
		m.mu.Lock()
		m.names[p.ID] = name
		m.mu.Unlock()
		done <- struct{}{}
	}
}

// browse reads all pages of a search, again and again, until stop is called, which returns how often. No page has what an earlier one had.
func (m *market) browse(t *testing.T) (stop func() int) {
	over, ended, times := make(chan struct{}), make(chan struct{}), 0
	go func() {
		defer close(ended)
		for {
			select {
			case <-over:
				return
			default:
			}
			began := time.Now()
			ids, err := m.found(t, added)
			if t.Context().Err() != nil {
				return // the test has failed
			}
			if err != nil {
				t.Error(err)
				return
			}
			slices.Sort(ids)
			if times++; len(slices.Compact(slices.Clone(ids))) < len(ids) && time.Since(began) < cursorTime {
				t.Errorf("found twice: %v", ids)
			}
		}
	}()
	return func() int { close(over); <-ended; return times }
}

// check compares what is found with what there is: each once.
func (m *market) check(t *testing.T) error {
	t.Helper()
	for _, word := range []string{added, renamed} {
		var want []string
		for id, name := range m.names {
			if name == word {
				want = append(want, id)
			}
		}
		got, err := m.found(t, word)
		if err != nil {
			return err
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			return fmt.Errorf("%s: %d are found, want %d: %v, want %v", word, len(got), len(want), got, want)
		}
	}
	return nil
}

// found returns the ids of all products with a word, page by page.
func (m *market) found(t *testing.T, word string) (ids []string, err error) {
	t.Helper()
	for cursor := ""; ; {
		answer, err := m.Persist(t.Context(), client.Request{Method: "GET", Path: "/products/search?limit=20&q=" + word + "&cursor=" + cursor})
		if err != nil {
			return nil, err
		}
		var page client.PageOf[client.Product]
		if err := json.Unmarshal(answer.Body, &page); err != nil {
			return nil, err
		}
		for _, p := range page.Items {
			ids = append(ids, p.ID)
		}
		if cursor = page.Next; cursor == "" {
			return ids, nil
		}
	}
}
