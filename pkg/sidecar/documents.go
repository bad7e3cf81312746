package sidecar

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	dapr "github.com/dapr/go-sdk/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/forms"
)

// maxConflicts is how often Update starts over when others write the same document. Of eight writers on one document, none
// loses more than a few dozen times in a row.
const maxConflicts = 100

// How often, and after which pause, a refused key is tried again: for 1.6 s in all, because MariaDB takes a second to clean
// up (cleanupInterval in components/store/mariadb).
const (
	maxRefusals  = 8
	refusalPause = 200 * time.Millisecond
	lookTimeout  = 500 * time.Millisecond // for looking whether the key exists, after a save that took all of callTimeout
)

// separator stands between an app's id and a key in the store. Sidecars refuse keys that contain it.
const separator = "||"

// Documents keeps values of one type in a state store, each under its own key. It writes by compare-and-swap on the key's
// ETag, the only guarantee that every Dapr state store gives. Package forms reads what earlier builds wrote.
type Documents[T any] struct {
	states StateClient
	writes gate
	store  string
	kind   string
	ttl    func(T) time.Duration // nil for documents that stay
}

// StateClient is the part of the SDK's client that documents need. Package sidecartest has one in memory.
type StateClient interface {
	GetState(ctx context.Context, store, key string, meta map[string]string) (*dapr.StateItem, error)
	GetBulkState(ctx context.Context, store string, keys []string, meta map[string]string, parallelism int32) ([]*dapr.BulkStateItem, error)
	SaveBulkState(ctx context.Context, store string, items ...*dapr.SetStateItem) error
	DeleteStateWithETag(ctx context.Context, store, key string, etag *dapr.ETag, meta map[string]string, opts *dapr.StateOptions) error
}

// NewDocuments returns the documents of one kind in a store; the kind is the prefix of their keys.
func NewDocuments[T any](s *Sidecar, store, kind string) *Documents[T] {
	return &Documents[T]{states: s.states, writes: s.writes, store: store, kind: kind}
}

// Document is a value with the version at which it was read.
type Document[T any] struct {
	ID    string
	Value T
	// ETag is the version, "" for a document that does not exist.
	ETag string
}

// Exists reports whether the document existed when it was read.
func (d Document[T]) Exists() bool { return d.ETag != "" }

func (d *Documents[T]) key(id string) string { return d.kind + ":" + id }

// Find reads a document. That it does not exist is not an error: see Exists.
func (d *Documents[T]) Find(ctx context.Context, id string) (Document[T], error) {
	if strings.Contains(id, separator) {
		return Document[T]{ID: id}, nil // somebody invented it
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	item, err := d.states.GetState(ctx, d.store, d.key(id), nil)
	if err != nil {
		return Document[T]{}, failure(err, "the state store")
	}
	return d.decode(id, item.Value, item.Etag)
}

// Get reads a document that must exist: errs.NotFound if it does not.
func (d *Documents[T]) Get(ctx context.Context, id string) (Document[T], error) {
	document, err := d.Find(ctx, id)
	if err == nil && !document.Exists() {
		return document, d.notFound()
	}
	return document, err
}

func (d *Documents[T]) notFound() error {
	return errs.New(errs.NotFound, "there is no such %s", d.kind)
}

// GetMany reads the documents with these ids, in this order. It leaves out those that do not exist.
func (d *Documents[T]) GetMany(ctx context.Context, ids []string) ([]Document[T], error) {
	if len(ids) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = d.key(id)
	}
	items, err := d.states.GetBulkState(ctx, d.store, keys, nil, 10)
	if err != nil {
		return nil, failure(err, "the state store")
	}
	byKey := make(map[string]*dapr.BulkStateItem, len(items))
	for _, item := range items {
		if item.Error != "" {
			return nil, unavailable(fmt.Errorf("%s: %s", item.Key, item.Error), "the state store")
		}
		byKey[item.Key] = item
	}
	documents := make([]Document[T], 0, len(ids))
	for i, id := range ids {
		item := byKey[keys[i]]
		if item == nil || len(item.Value) == 0 {
			continue
		}
		document, err := d.decode(id, item.Value, item.Etag)
		if err != nil {
			return nil, err
		}
		documents = append(documents, document)
	}
	return documents, nil
}

func (d *Documents[T]) decode(id string, raw []byte, etag string) (Document[T], error) {
	document := Document[T]{ID: id}
	if len(raw) == 0 {
		return document, nil
	}
	document.ETag = etag
	if err := forms.Read(raw, &document.Value); err != nil {
		return Document[T]{ID: id}, fmt.Errorf("the stored %s %s cannot be read: %w", d.kind, id, err)
	}
	return document, nil
}

// Create writes a document that does not exist yet: errs.Conflict for all but one of several that try. With a ttl above
// zero the document expires unless it is written again before; documents that are Expiring have their own ttl.
func (d *Documents[T]) Create(ctx context.Context, id string, value T, ttl time.Duration) error {
	raw, err := forms.Write(value)
	if err != nil {
		return fmt.Errorf("%s %s: %w", d.kind, id, err)
	}
	meta := d.lifetime(value)
	if ttl > 0 {
		meta = inSeconds(ttl)
	}
	return d.save(ctx, id, raw, "", meta)
}

// Update changes a document by a pure function, which runs again if somebody else wrote in between. If the function fails
// or changes nothing, nothing is written. The document must exist: errs.NotFound if it does not.
func (d *Documents[T]) Update(ctx context.Context, id string, change func(*T) error) (T, error) {
	return d.write(ctx, id, func(document *Document[T]) error {
		if !document.Exists() {
			return d.notFound()
		}
		return change(&document.Value)
	})
}

// Upsert is Update for a document that may not exist yet: change then starts from the zero value.
func (d *Documents[T]) Upsert(ctx context.Context, id string, change func(*T) error) (T, error) {
	return d.write(ctx, id, func(document *Document[T]) error { return change(&document.Value) })
}

func (d *Documents[T]) write(ctx context.Context, id string, change func(*Document[T]) error) (T, error) {
	var zero T
	for attempt := range maxConflicts {
		document, err := d.Find(ctx, id)
		if err != nil {
			return zero, err
		}
		raw, changed, err := apply(&document, change)
		if err != nil || !changed {
			return document.Value, err
		}
		err = d.save(ctx, id, raw, document.ETag, d.lifetime(document.Value))
		if err == nil {
			return document.Value, nil
		}
		if !errs.Is(err, errs.Conflict) {
			return zero, err
		}
		if err := pause(ctx, attempt); err != nil {
			return zero, err
		}
	}
	return zero, errs.New(errs.Unavailable, "too many requests are changing this %s; try again", d.kind)
}

// apply runs the change and returns what to write, if anything. It compares the value before with the value after, because
// a store may return JSON in another layout than it was given.
func apply[T any](document *Document[T], change func(*Document[T]) error) (raw []byte, changed bool, err error) {
	before, err := forms.Write(document.Value)
	if err != nil {
		return nil, false, err
	}
	if err := change(document); err != nil {
		return nil, false, err
	}
	raw, err = forms.Write(document.Value)
	return raw, !document.Exists() || !bytes.Equal(before, raw), err
}

// save writes by compare-and-swap: an empty etag means that the key must not exist. Some stores (Redis, PostgreSQL, MariaDB)
// report a key that exists like any other failure, so save looks whether it does. Others (MariaDB, MongoDB) refuse the key
// of an expired document until they have cleaned up, so save tries again.
func (d *Documents[T]) save(ctx context.Context, id string, raw []byte, etag string, meta map[string]string) error {
	// In an outage the first call may take the whole callTimeout, and a person must still get an answer in time.
	ctx, cancel := context.WithTimeout(ctx, callTimeout+lookTimeout)
	defer cancel()
	err := d.saveOnce(ctx, id, raw, etag, meta)
	for attempt := 0; etag == "" && refused(err) && attempt < maxRefusals; attempt++ {
		if document, findErr := d.Find(ctx, id); findErr == nil && document.Exists() {
			return d.conflict(err)
		} else if findErr != nil || sleep(ctx, refusalPause) != nil {
			break
		}
		err = d.saveOnce(ctx, id, raw, etag, meta)
	}
	return d.classify(err)
}

func refused(err error) bool {
	code := status.Code(err)
	return code == codes.Internal || code == codes.Aborted
}

// saveOnce saves without trying again, and returns the error of the sidecar as it is.
func (d *Documents[T]) saveOnce(ctx context.Context, id string, raw []byte, etag string, meta map[string]string) error {
	if err := d.writes.enter(ctx); err != nil {
		return err
	}
	defer d.writes.leave()
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	item := &dapr.SetStateItem{
		Key: d.key(id), Value: raw, Metadata: meta,
		Options: &dapr.StateOptions{Concurrency: dapr.StateConcurrencyFirstWrite, Consistency: dapr.StateConsistencyStrong},
	}
	if etag != "" {
		item.Etag = &dapr.ETag{Value: etag}
	}
	return d.states.SaveBulkState(ctx, d.store, item)
}

// Swap replaces a document that was read, whether or not it existed: errs.Conflict if somebody else wrote in between.
func (d *Documents[T]) Swap(ctx context.Context, document Document[T], value T) error {
	raw, err := forms.Write(value)
	if err != nil {
		return fmt.Errorf("%s %s: %w", d.kind, document.ID, err)
	}
	return d.save(ctx, document.ID, raw, document.ETag, d.lifetime(value))
}

// Delete removes a document that was read: errs.Conflict if somebody else wrote in between.
func (d *Documents[T]) Delete(ctx context.Context, document Document[T]) error {
	if err := d.writes.enter(ctx); err != nil {
		return err
	}
	defer d.writes.leave()
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return d.classify(d.states.DeleteStateWithETag(ctx, d.store, d.key(document.ID), &dapr.ETag{Value: document.ETag}, nil,
		&dapr.StateOptions{Concurrency: dapr.StateConcurrencyFirstWrite, Consistency: dapr.StateConsistencyStrong}))
}

// classify tells a lost race, which is normal, from an outage.
func (d *Documents[T]) classify(err error) error {
	if status.Code(err) == codes.Aborted {
		return d.conflict(err)
	}
	return failure(err, "the state store")
}

func (d *Documents[T]) conflict(cause error) error {
	return errs.Wrap(errs.Conflict, cause, "this %s exists already, or somebody else changed it", d.kind)
}
