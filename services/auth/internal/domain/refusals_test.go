package domain

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"
)

// A flood from many networks neither grows without bound nor hides the network that is refused again and again.
func TestTally_isBounded(t *testing.T) {
	var day Tally
	now := time.Now()
	const networks = 10 * maxRefusals
	for n := range networks {
		day.add(Refusal{Operation: "sign-in", Status: 401, Of: fmt.Sprint(n), Count: 1, Last: now})
		day.add(Refusal{Operation: "sign-in", Status: 401, Of: "guesser", Count: 1, Last: now})
	}
	guesses, total := 0, day.Others
	for _, r := range day.Items {
		total += r.Count
		if r.Of == "guesser" {
			guesses = r.Count
		}
	}
	if len(day.Items) != maxRefusals || guesses != networks || total != 2*networks {
		t.Errorf("%d refusals, %d of the guesser, %d in all", len(day.Items), guesses, total)
	}
}

// memory is a domain.RefusalStore of one day that can be down.
type memory struct {
	day  Refusals
	down bool
}

func (m *memory) Upsert(_ context.Context, _ string, change func(*Refusals) error) (Refusals, error) {
	if m.down {
		return Refusals{}, errors.New("down")
	}
	return m.day, change(&m.day)
}

func (m *memory) Day(context.Context, string) (Refusals, error) { return m.day, nil }

// What is refused while a write fails is counted as well.
func TestRefusalLog_losesNothingWhileTheStoreIsDown(t *testing.T) {
	store := &memory{down: true}
	log := NewRefusalLog(store)
	const each, networks = 2000, 100
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for n := range each {
				log.NoteNetwork("sign-in", 401, strconv.Itoa(n%networks))
			}
		})
	}
	done := make(chan struct{})
	go func() {
		all.Wait()
		close(done)
	}()
	for waiting := true; waiting; {
		select {
		case <-done:
			waiting = false
		default:
			log.Write(t.Context())
		}
	}
	store.down = false
	log.Write(t.Context())
	total := store.day.Networks.Others
	for _, one := range store.day.Networks.Items {
		total += one.Count
	}
	if total != 4*each {
		t.Errorf("%d of %d refusals are left", total, 4*each)
	}
}

// Replicas write in any order, and a write that failed is repeated after later refusals.
func TestTally_knowsTheFirstAndTheLast(t *testing.T) {
	var day Tally
	now := time.Now()
	for _, at := range []time.Duration{1, 0, 2, 1} {
		day.add(Refusal{Operation: "sign-in", Of: "guesser", Count: 1, First: now.Add(at), Last: now.Add(at)})
	}
	if one := day.Items[0]; !one.First.Equal(now) || !one.Last.Equal(now.Add(2)) || one.Count != 4 {
		t.Errorf("got %+v", one)
	}
}
