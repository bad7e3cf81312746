// Package settings has the settings that an operator may change while a process runs, such as the log level, switches and
// limits. Each has a value from the environment. If the sidecar has a configuration store, a value there replaces it within
// a few seconds, without a restart.
//
// The process reads the store every few seconds. It does not subscribe, because a sidecar does not tell its subscribers that
// they missed a change (docs/decisions/0007).
package settings

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// interval is the time between two reads of the store. A change takes effect after this time at the latest.
const interval = 5 * time.Second

// Item is one setting of the store.
type Item struct {
	Value   string
	Version string // "" without one
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
	absent  bool // there is no store, so nothing changes
	failing bool // the last read failed, and the log says so
	items   map[string]Item
	watched []*watched
}

// watched is a setting with a function that applies it.
type watched struct {
	name  string
	apply func(text string) error
	seen  string // the text of the last read, valid or not; "" for none
}

// Open reads the store once, so that a process starts with the values of the store. If that fails, it is logged, and the
// values of the environment apply until Run can read the store.
func Open(ctx context.Context, store Store, appID string, log zerolog.Logger) *Settings {
	s := &Settings{store: store, appID: appID, log: log}
	s.refresh(ctx)
	return s
}

// Run reads the store again and again until ctx ends. During an outage of the store, settings keep their values.
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

// Watch calls apply with the text of a setting: at once if the store has one, and after each change. "" means that the store
// no longer has the setting. If apply returns an error, that is logged, and the former value stays in effect. In the store,
// `<name>` is for all apps, and `<app-id>/<name>` replaces it for one app.
func (s *Settings) Watch(name string, apply func(text string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &watched{name: name, apply: apply}
	s.watched = append(s.watched, w)
	s.update(w)
}

// refresh reads the store and applies what has changed. The beginning and the end of an outage are one log line each.
func (s *Settings) refresh(ctx context.Context) {
	var items map[string]Item
	present, err := s.store.HasConfiguration(ctx)
	if present && err == nil {
		items, err = s.store.Configuration(ctx)
	}
	if ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil && !s.failing:
		s.log.Warn().Err(err).Msg("the configuration store does not answer; settings keep their values until it does")
	case err == nil && s.failing:
		s.log.Info().Msg("the configuration store answers again")
	case err == nil && !present:
		s.log.Info().Msg("there is no configuration store; settings change only with a restart")
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

// update applies one setting if it has changed. A text that is not valid is logged once, not with every read.
func (s *Settings) update(w *watched) {
	item := s.find(w.name)
	if item.Value == w.seen {
		return
	}
	w.seen = item.Value
	if err := w.apply(item.Value); err != nil {
		s.log.Warn().Err(err).Str("setting", w.name).Str("value", item.Value).Str("version", item.Version).
			Msg("this value of a setting is not valid; the last valid one stays in effect")
		return
	}
	s.log.Info().Str("setting", w.name).Str("value", item.Value).Str("version", item.Version).Msg("setting changed")
}

// find returns the item for this app, or else the one for all apps. An empty value counts as none, because some stores
// cannot keep one.
func (s *Settings) find(name string) Item {
	for _, key := range []string{s.appID + "/" + name, name} {
		if item := s.items[key]; item.Value != "" {
			return item
		}
	}
	return Item{}
}
