// Package live holds the settings that an operator may change while a process runs: how much it logs, switches, limits.
// Each has a value from the environment. Where the sidecar has a configuration store, what stands there takes its place
// for as long as it stands there, within a few seconds and without a restart.
//
// The store is read again and again instead of subscribed to: a sidecar does not tell its subscribers that the store went
// away and that changes were missed (docs/decisions/0007).
package live

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// interval is the time between two looks at the store, and so the time within which a change takes effect.
const interval = 5 * time.Second

// Item is a setting as the store has it.
type Item struct {
	Value   string
	Version string // "" where nobody gave one
}

// Store is the sidecar's configuration store.
type Store interface {
	// HasConfiguration reports whether there is a store at all.
	HasConfiguration(ctx context.Context) (bool, error)
	// Configuration reads all settings, by name.
	Configuration(ctx context.Context) (map[string]Item, error)
}

// Settings are the settings of one process.
type Settings struct {
	store Store
	appID string
	log   zerolog.Logger

	mu      sync.Mutex
	absent  bool // there is no store, so nothing will ever change
	failing bool // the last look at the store failed, and the log says so
	items   map[string]Item
	watched []*watched
}

// watched is a setting that somebody wants to know of.
type watched struct {
	name    string
	apply   func(text string) error
	current string // the text that is in effect; "" for the value of the environment
	refused string // the text that was refused last, so that it is said once
}

// Open looks at the store once, so that a process begins with what stands there. If it cannot be read, that is logged
// and the values of the environment hold until Run has read it.
func Open(ctx context.Context, store Store, appID string, log zerolog.Logger) *Settings {
	s := &Settings{store: store, appID: appID, log: log}
	s.refresh(ctx)
	return s
}

// Run looks at the store for changes until ctx ends, however often it goes away and comes back.
func (s *Settings) Run(ctx context.Context) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for !s.absent {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			s.refresh(ctx)
		}
	}
	<-ctx.Done()
	return nil
}

// Watch calls apply with the text of a setting, at once if there is one, and whenever it changes; "" means that the
// store has none any more. A text that apply refuses is logged, and what was in effect stays. In the store the setting
// has this name for all apps, and `<app-id>/<name>`, which goes first, for one.
func (s *Settings) Watch(name string, apply func(text string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &watched{name: name, apply: apply}
	s.watched = append(s.watched, w)
	s.update(w)
}

// refresh reads the store and applies what has changed. An outage is one line in the log, and its end another.
func (s *Settings) refresh(ctx context.Context) {
	items, present, err := s.read(ctx)
	if ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil && !s.failing:
		s.log.Warn().Err(err).Msg("the configuration store does not answer; settings stay as they are until it does")
	case err == nil && s.failing:
		s.log.Info().Msg("the configuration store answers again")
	case err == nil && !present:
		s.log.Info().Msg("there is no configuration store, so settings change with a restart only")
	}
	s.failing = err != nil
	if err != nil {
		return
	}
	s.absent, s.items = !present, items
	for _, w := range s.watched {
		s.update(w)
	}
}

func (s *Settings) read(ctx context.Context) (items map[string]Item, present bool, err error) {
	if present, err = s.store.HasConfiguration(ctx); err != nil || !present {
		return nil, false, err
	}
	items, err = s.store.Configuration(ctx)
	return items, true, err
}

// update applies one setting if it has changed.
func (s *Settings) update(w *watched) {
	item := s.find(w.name)
	if item.Value == w.current {
		w.refused = ""
		return
	}
	if w.refused != "" && item.Value == w.refused {
		return
	}
	if err := w.apply(item.Value); err != nil {
		w.refused = item.Value
		s.log.Warn().Err(err).Str("setting", w.name).Str("value", item.Value).Str("version", item.Version).
			Msg("this value of a setting cannot be used; the last good one stays")
		return
	}
	w.current, w.refused = item.Value, ""
	s.log.Info().Str("setting", w.name).Str("value", item.Value).Str("version", item.Version).Msg("setting changed")
}

// find returns the item for this app, else the one for all. An empty value is none: not every store keeps one.
func (s *Settings) find(name string) Item {
	for _, key := range []string{s.appID + "/" + name, name} {
		if item := s.items[key]; item.Value != "" {
			return item
		}
	}
	return Item{}
}
