// Package sidecartest has state stores in memory, with the same compare-and-swap as real ones, for tests without a sidecar.
package sidecartest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	dapr "github.com/dapr/go-sdk/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/sidecar"
)

// States is any number of state stores in memory. It implements sidecar.StateClient and is safe for concurrent use.
type States struct {
	// Before, if set, is called before each operation ("get", "save" or "delete") on a key. If it fails, its error is returned
	// and the operation does not happen, as in an outage.
	Before func(operation, key string) error
	// After, if set, is called after an operation has happened. Its error is returned although the operation has happened, as
	// when an answer is lost.
	After func(operation, key string) error

	mu     sync.Mutex
	stores map[string]map[string]entry
	etags  int
}

type entry struct {
	value []byte
	etag  string
	ttl   string
}

// New returns empty stores and a Sidecar on them.
func New() (*States, *sidecar.Sidecar) {
	states := &States{stores: map[string]map[string]entry{}}
	return states, sidecar.StatesOnly(states)
}

// Keys lists the keys of a store that begin with prefix, sorted.
func (s *States) Keys(store, prefix string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []string
	for key := range s.stores[store] {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// TTL returns the time to live in seconds with which a key was last saved, or "". Nothing expires here, see Drop.
func (s *States) TTL(store, key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stores[store][key].ttl
}

// Value returns what is stored under a key, "" for nothing.
func (s *States) Value(store, key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.stores[store][key].value)
}

// Drop removes a key, as its expiry would.
func (s *States) Drop(store, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.stores[store], key)
}

// around runs an operation between the hooks.
func (s *States) around(ctx context.Context, operation, key string, do func() error) error {
	if err := ctx.Err(); err != nil {
		return status.FromContextError(err).Err()
	}
	if s.Before != nil {
		if err := s.Before(operation, key); err != nil {
			return err
		}
	}
	s.mu.Lock()
	err := do()
	s.mu.Unlock()
	if err == nil && s.After != nil {
		return s.After(operation, key)
	}
	return err
}

// GetState implements sidecar.StateClient.
func (s *States) GetState(ctx context.Context, store, key string, _ map[string]string) (*dapr.StateItem, error) {
	item := &dapr.StateItem{Key: key}
	err := s.around(ctx, "get", key, func() error {
		found := s.stores[store][key]
		item.Value, item.Etag = slices.Clone(found.value), found.etag
		return nil
	})
	return item, err
}

// maxMessage is the largest message of a sidecar.
const maxMessage = 4 << 20

func tooLarge(size int) error {
	return status.Errorf(codes.ResourceExhausted, "trying to send message larger than max (%d vs. %d)", size, maxMessage)
}

// GetBulkState implements sidecar.StateClient.
func (s *States) GetBulkState(ctx context.Context, store string, keys []string, _ map[string]string, _ int32) ([]*dapr.BulkStateItem, error) {
	items, size := make([]*dapr.BulkStateItem, 0, len(keys)), 0
	for _, key := range keys {
		item, err := s.GetState(ctx, store, key, nil)
		if err != nil {
			return nil, err
		}
		items = append(items, &dapr.BulkStateItem{Key: key, Value: item.Value, Etag: item.Etag})
		if size += len(key) + len(item.Value); size > maxMessage {
			return nil, tooLarge(size)
		}
	}
	return items, nil
}

// SaveBulkState implements sidecar.StateClient. It compares ETags, unless the last write wins.
func (s *States) SaveBulkState(ctx context.Context, store string, items ...*dapr.SetStateItem) error {
	for _, item := range items {
		if len(item.Value) > maxMessage {
			return tooLarge(len(item.Value))
		}
		if err := s.around(ctx, "save", item.Key, func() error { return s.save(store, item) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *States) save(store string, item *dapr.SetStateItem) error {
	want := ""
	if item.Etag != nil {
		want = item.Etag.Value
	}
	overwrite := item.Options != nil && item.Options.Concurrency == dapr.StateConcurrencyLastWrite
	if s.stores[store][item.Key].etag != want && !overwrite {
		return mismatch(item.Key)
	}
	if s.stores[store] == nil {
		s.stores[store] = map[string]entry{}
	}
	s.etags++
	s.stores[store][item.Key] = entry{
		value: slices.Clone(item.Value), etag: strconv.Itoa(s.etags), ttl: item.Metadata["ttlInSeconds"],
	}
	return nil
}

// DeleteStateWithETag implements sidecar.StateClient.
func (s *States) DeleteStateWithETag(ctx context.Context, store, key string, etag *dapr.ETag, _ map[string]string, _ *dapr.StateOptions) error {
	return s.around(ctx, "delete", key, func() error {
		if s.stores[store][key].etag != etag.Value {
			return mismatch(key)
		}
		delete(s.stores[store], key)
		return nil
	})
}

func mismatch(key string) error {
	return status.Error(codes.Aborted, fmt.Sprintf("possible etag mismatch on %s", key))
}
