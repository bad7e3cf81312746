package kit

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
	"stoa/test/client"
	"stoa/test/system"
)

type note struct {
	Text string `json:"text"`
	N    int    `json:"n"`
}

func TestDocuments_keepTheirPromises(t *testing.T) {
	t.Parallel()
	s := start(t, "order-worker")
	side := s.open("order-worker")
	notes := sidecar.NewDocuments[note](side, "order-store", "note")

	t.Run("of many creates one wins", func(t *testing.T) {
		var all sync.WaitGroup
		won := make(chan int, 20)
		for n := range 20 {
			all.Go(func() {
				switch err := notes.Create(t.Context(), "race", note{N: n}, 0); {
				case err == nil:
					won <- n
				case !errs.Is(err, errs.Conflict):
					t.Error(err)
				}
			})
		}
		all.Wait()
		close(won)
		winner, ok := <-won
		if _, more := <-won; !ok || more {
			t.Fatal("want exactly one winner")
		}
		if got, err := notes.Get(t.Context(), "race"); err != nil || got.Value.N != winner {
			t.Errorf("got %+v, %v, want %d", got.Value, err, winner)
		}
	})

	t.Run("no update is lost", func(t *testing.T) {
		if err := notes.Create(t.Context(), "sum", note{}, 0); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				for range 10 {
					if _, err := notes.Update(t.Context(), "sum", func(n *note) error { n.N++; return nil }); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if got, err := notes.Get(t.Context(), "sum"); err != nil || got.Value.N != 100 {
			t.Errorf("got %d, %v, want 100", got.Value.N, err)
		}
	})

	t.Run("a draft expires unless it is written again", func(t *testing.T) {
		for _, id := range []string{"draft", "kept"} {
			if err := notes.Create(t.Context(), id, note{Text: id}, time.Second); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := notes.Update(t.Context(), "kept", func(n *note) error { n.N = 1; return nil }); err != nil {
			t.Fatal(err)
		}
		system.Eventually(t, "the draft is gone", func() error {
			if _, err := notes.Get(t.Context(), "draft"); !errs.Is(err, errs.NotFound) {
				return fmt.Errorf("get: %v", err)
			}
			return nil
		})
		if _, err := notes.Get(t.Context(), "kept"); err != nil {
			t.Error(err)
		}
		if err := notes.Create(t.Context(), "draft", note{Text: "again"}, 0); err != nil {
			t.Errorf("what expired can be created again: %v", err)
		}
	})

	t.Run("an expiring document goes, however often it was written", func(t *testing.T) {
		brief := sidecar.Expiring(side, "order-store", "brief", func(note) time.Duration { return time.Second })
		if err := brief.Create(t.Context(), "a", note{}, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := brief.Update(t.Context(), "a", func(n *note) error { n.N = 1; return nil }); err != nil {
			t.Fatal(err)
		}
		system.Eventually(t, "it is gone", func() error {
			if got, err := brief.Get(t.Context(), "a"); !errs.Is(err, errs.NotFound) {
				return fmt.Errorf("got %+v, %v", got.Value, err)
			}
			return nil
		})
	})

	t.Run("delete only what was read", func(t *testing.T) {
		if err := notes.Create(t.Context(), "old", note{}, 0); err != nil {
			t.Fatal(err)
		}
		read, err := notes.Get(t.Context(), "old")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := notes.Update(t.Context(), "old", func(n *note) error { n.N++; return nil }); err != nil {
			t.Fatal(err)
		}
		if err := notes.Delete(t.Context(), read); !errs.Is(err, errs.Conflict) {
			t.Errorf("stale: %v", err)
		}
	})

	t.Run("odd ids and large values", func(t *testing.T) {
		text := strings.Repeat("ä \"quoted\" \\ <b>\u2028", 10_000)
		id := "a b/c?d=e&f#g%h|i'j\"k:ü"
		if err := notes.Create(t.Context(), id, note{Text: text}, 0); err != nil {
			t.Fatal(err)
		}
		many, err := notes.GetMany(t.Context(), []string{"nothing", id})
		if err != nil || len(many) != 1 || many[0].Value.Text != text {
			t.Errorf("got %d documents, %v", len(many), err)
		}
	})

	t.Run("what was saved outlives the sidecar", func(t *testing.T) {
		if err := notes.Create(t.Context(), "durable", note{N: 7}, 0); err != nil {
			t.Fatal(err)
		}
		s.kill("order-worker.sidecar")
		system.Eventually(t, "the document can be read again", func() error {
			got, err := notes.Get(t.Context(), "durable")
			if err == nil && got.Value.N != 7 {
				return fmt.Errorf("got %d", got.Value.N)
			}
			return err
		})
	})
}

func TestIndex_losesNothingOnARealStore(t *testing.T) {
	t.Parallel()
	s := start(t, "order-worker")
	index := sidecar.NewIndex(s.open("order-worker"), "order-store", "list")
	var all sync.WaitGroup
	for writer := range 4 {
		all.Go(func() {
			for i := range 60 {
				if err := index.Add(t.Context(), "a", fmt.Sprintf("%d-%d", writer, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	seen := map[string]bool{}
	for cursor := (sidecar.Cursor{}); ; {
		ids, next, err := index.Read(t.Context(), "a", cursor, 50)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			seen[id] = true
		}
		if cursor = next; next.String() == "" {
			break
		}
	}
	if len(seen) != 240 {
		t.Errorf("got %d entries, want 240", len(seen))
	}
}

func TestSidecar_servesSecretsAndBindings(t *testing.T) {
	t.Parallel()
	s := start(t, "auth", "notification")
	side := s.open("auth")
	if value, err := side.Secret(t.Context(), "AUTH_BOOTSTRAP"); err != nil || !strings.HasPrefix(value, "{") {
		t.Errorf("got %d characters, %v", len(value), err)
	}
	// Not even to auth a sidecar hands out what only its components need.
	for _, name := range []string{"NATS_URL", "NO_SUCH_SECRET"} {
		if _, err := side.Secret(t.Context(), name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want an error that names the secret", err)
		}
	}
	side = s.open("notification")
	if err := side.Send(t.Context(), "mail", []byte("hello"), map[string]string{"fileName": "a.eml"}); err != nil {
		t.Error(err)
	}
}
