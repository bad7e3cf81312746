package settings_test

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

	"stoa/pkg/common/settings"
)

// store is a configuration store that a test changes.
type store struct {
	mu     sync.Mutex
	items  map[string]settings.Item
	absent bool
	away   error
	reads  int
}

func (s *store) HasConfiguration(context.Context) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.absent, s.away
}

func (s *store) Configuration(context.Context) (map[string]settings.Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	return maps.Clone(s.items), s.away
}

func (s *store) set(name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items[name] = settings.Item{Value: value, Version: "7"}
}

func (s *store) setAway(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = err
}

// look waits until every change has been read.
func look() {
	time.Sleep(time.Minute)
	synctest.Wait()
}

// run opens the settings of the store and runs them until the test ends.
func run(t *testing.T, s *store) (values *settings.Settings, log *bytes.Buffer) {
	t.Helper()
	log = &bytes.Buffer{}
	values = settings.Open(t.Context(), s, "worker", zerolog.New(log))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- values.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return values, log
}

func TestSettings_takeTheStoreBeforeTheEnvironment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{items: map[string]settings.Item{"SWITCH": {Value: "true"}}}
		values, _ := run(t, s)
		on, few := settings.Bool(values, "SWITCH", false), settings.Int(values, "FEW", 5)
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
			t.Errorf("removed from the store: got %d", few.Get())
		}
	})
}

func TestSettings_logABadValueOnceAndKeepTheLastGoodOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{items: map[string]settings.Item{"FEW": {Value: "3"}}}
		values, log := run(t, s)
		few := settings.Int(values, "FEW", 5)
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

func TestSettings_surviveAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{items: map[string]settings.Item{}, away: errors.New("connection refused")}
		values, log := run(t, s)
		on := settings.Bool(values, "SWITCH", false)
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

func TestSettings_askOnceWhereThereIsNoStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{absent: true}
		values, log := run(t, s)
		on := settings.Bool(values, "SWITCH", true)
		look()
		if !on.Get() || s.reads != 0 || strings.Count(log.String(), "no configuration store") != 1 {
			t.Errorf("got %v, %d reads, log:\n%s", on.Get(), s.reads, log)
		}
	})
}
