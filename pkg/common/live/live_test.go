package live_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"stoa/pkg/common/live"
)

// store is a configuration store that a test changes.
type store struct {
	mu     sync.Mutex
	items  map[string]live.Item
	absent bool
	away   error
	reads  int
}

func (s *store) HasConfiguration(context.Context) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.absent, s.away
}

func (s *store) Configuration(context.Context) (map[string]live.Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	return maps.Clone(s.items), s.away
}

func (s *store) set(name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items[name] = live.Item{Value: value, Version: "7"}
}

func (s *store) setAway(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = err
}

// look lets so much time pass that every change was seen.
func look() {
	time.Sleep(time.Minute)
	synctest.Wait()
}

// run opens settings on the store and keeps them running until the test ends.
func run(t *testing.T, s *store) (settings *live.Settings, log *bytes.Buffer) {
	t.Helper()
	log = &bytes.Buffer{}
	settings = live.Open(t.Context(), s, "worker", zerolog.New(log))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- settings.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return settings, log
}

func TestTheStoreGoesBeforeTheEnvironment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{items: map[string]live.Item{"SWITCH": {Value: "true"}}}
		settings, _ := run(t, s)
		on, few := live.Bool(settings, "SWITCH", false), live.Int(settings, "FEW", 5)
		if !on.Get() || few.Get() != 5 {
			t.Fatalf("at once: got %v, %d", on.Get(), few.Get())
		}
		s.set("SWITCH", "false")
		s.set("FEW", "9")
		look()
		if on.Get() || few.Get() != 9 {
			t.Errorf("after a change: got %v, %d", on.Get(), few.Get())
		}
		s.set("worker/FEW", "1")
		s.set("other/FEW", "2")
		look()
		if few.Get() != 1 {
			t.Errorf("for this app: got %d", few.Get())
		}
		s.set("worker/FEW", "")
		s.set("FEW", "")
		look()
		if few.Get() != 5 {
			t.Errorf("taken out of the store: got %d", few.Get())
		}
	})
}

func TestABadValueIsLoggedOnceAndChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{items: map[string]live.Item{"FEW": {Value: "3"}}}
		settings, log := run(t, s)
		few := live.Int(settings, "FEW", 5)
		for _, bad := range []string{"many", "-1"} {
			s.set("FEW", bad)
			look()
			if few.Get() != 3 {
				t.Errorf("%q: got %d", bad, few.Get())
			}
			want := `"setting":"FEW","value":"` + bad + `"`
			if got := strings.Count(log.String(), want); got != 1 {
				t.Errorf("%q: logged %d times:\n%s", bad, got, log)
			}
		}
	})
}

func TestAnOutageIsSurvived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{items: map[string]live.Item{}, away: errors.New("connection refused")}
		settings, log := run(t, s)
		on := live.Bool(settings, "SWITCH", false)
		for range 3 {
			s.setAway(errors.New("connection refused"))
			look()
			before := on.Get()
			s.set("SWITCH", map[bool]string{true: "false", false: "true"}[before])
			look()
			if on.Get() != before {
				t.Error("a value changed while the store was away")
			}
			s.setAway(nil)
			look()
			if on.Get() == before {
				t.Error("the change was not seen after the outage")
			}
		}
		if got := strings.Count(log.String(), "does not answer"); got != 3 {
			t.Errorf("3 outages were logged %d times:\n%s", got, log)
		}
	})
}

func TestWithoutAStoreNothingIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{absent: true}
		settings, log := run(t, s)
		on := live.Bool(settings, "SWITCH", true)
		look()
		if !on.Get() || s.reads != 0 || strings.Count(log.String(), "no configuration store") != 1 {
			t.Errorf("got %v, %d reads, log:\n%s", on.Get(), s.reads, log)
		}
	})
}
