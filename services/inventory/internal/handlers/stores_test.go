package handlers_test

import (
	"context"
	"slices"
	"strings"
	"sync"

	dapr "github.com/dapr/go-sdk/client"

	"stoa/pkg/sidecar/sidecartest"
)

// stores are the state stores of a world. They count calls, and read in bulk as the worst of real stores do.
type stores struct {
	*sidecartest.States
	// reading says how the present run reads in bulk.
	reading func() bulkRead

	mu    sync.Mutex
	calls []string
}

// bulkRead is how a store reads several documents in one call.
type bulkRead struct {
	// backwards: the last one first, at a time of its own.
	backwards bool
	// missing has a bit for each document that is reported as missing, whether it exists or not.
	missing int
}

// GetBulkState implements sidecar.StateClient.
func (s *stores) GetBulkState(
	ctx context.Context, store string, keys []string, meta map[string]string, parallel int32,
) ([]*dapr.BulkStateItem, error) {
	s.count("read several")
	how := s.reading()
	if how.backwards {
		keys = slices.Clone(keys)
		slices.Reverse(keys)
	}
	items, err := s.States.GetBulkState(ctx, store, keys, meta, parallel)
	for i, item := range items {
		if how.missing>>i&1 == 1 {
			item.Value, item.Etag = nil, ""
		}
	}
	return items, err
}

// GetState implements sidecar.StateClient.
func (s *stores) GetState(ctx context.Context, store, key string, meta map[string]string) (*dapr.StateItem, error) {
	s.count("read " + kindOf(key))
	return s.States.GetState(ctx, store, key, meta)
}

// SaveBulkState implements sidecar.StateClient.
func (s *stores) SaveBulkState(ctx context.Context, store string, items ...*dapr.SetStateItem) error {
	s.count("save " + kindOf(items[0].Key))
	return s.States.SaveBulkState(ctx, store, items...)
}

func (s *stores) count(call string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, call)
}

// callsOf returns the calls that do makes.
func (s *stores) callsOf(do func()) []string {
	s.calls = nil
	do()
	return s.calls
}

func kindOf(key string) string {
	kind, _, _ := strings.Cut(key, ":")
	return kind
}
