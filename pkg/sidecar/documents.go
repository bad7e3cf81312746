package sidecar

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	dapr "github.com/dapr/go-sdk/client"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/forms"
)

// maxConflicts is how often a write starts again because another one came first. With eight writers of one document, none
// loses more than a few dozen times in a row.
const maxConflicts = 100

// separator is what a sidecar writes between the app-id and a key. It refuses keys that contain it.
const separator = "||"

// Documents are values of one type in a state store, each under its own key. Writes are compare-and-swap by ETag, which every
// Dapr state store that Stoa uses guarantees; only Overwrite compares nothing. Package forms reads what earlier builds wrote.
type Documents[T any] struct {
	states StateClient
	writes gate
	store  string
	kind   string
	ttl    func(T) time.Duration // nil for documents that do not expire
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

// Find reads a document. A document that does not exist is not an error, see Exists.
func (d *Documents[T]) Find(ctx context.Context, id string) (Document[T], error) {
	if strings.Contains(id, separator) {
		return Document[T]{ID: id}, nil // a caller made this id up
	}
	item, err := d.look(ctx, id)
	if err != nil {
		return Document[T]{}, failure(err, "the state store")
	}
	return d.decode(id, item.Value, item.Etag)
}

// Get reads a document. It fails with errs.NotFound if the document does not exist.
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

// Create writes a new document. It fails with errs.Conflict if the document exists. With a ttl of a second or more, the
// document expires after that time unless it is written again. With 0, Expiring documents get their own ttl, and others do
// not expire.
func (d *Documents[T]) Create(ctx context.Context, id string, value T, ttl time.Duration) error {
	meta := d.lifetime(value)
	if ttl > 0 {
		meta = inSeconds(ttl)
	}
	return d.replace(ctx, Document[T]{ID: id}, value, meta)
}

// Swap replaces a document that was read, or creates it if it did not exist. It fails with errs.Conflict if another write came
// first.
func (d *Documents[T]) Swap(ctx context.Context, document Document[T], value T) error {
	return d.replace(ctx, document, value, d.lifetime(value))
}

func (d *Documents[T]) replace(ctx context.Context, document Document[T], value T, meta map[string]string) error {
	raw, err := forms.Write(value)
	if err != nil {
		return fmt.Errorf("%s %s: %w", d.kind, document.ID, err)
	}
	return d.save(ctx, document.ID, raw, document.ETag, meta)
}

// Overwrite writes a document whatever is stored under its id, and without reading that. It is right only for a value that
// takes the place of all others that can be there. Redis refuses it for a document that Create has written (components-contrib
// 1.18.3, state/redis, setDefaultQuery); Overwrite then reads the document.
func (d *Documents[T]) Overwrite(ctx context.Context, id string, value T) error {
	raw, err := forms.Write(value)
	if err != nil {
		return fmt.Errorf("%s %s: %w", d.kind, id, err)
	}
	err = d.saveItem(ctx, &dapr.SetStateItem{Key: d.key(id), Value: raw, Metadata: d.lifetime(value), Options: lastWrite})
	if !refused(err) {
		return failure(err, "the state store")
	}
	_, err = d.Upsert(ctx, id, func(stored *T) error {
		*stored = value
		return nil
	})
	return err
}

// Update changes a document with a pure function, which runs again if another write came first. If the function fails or
// changes nothing, nothing is written. Update fails with errs.NotFound if the document does not exist.
func (d *Documents[T]) Update(ctx context.Context, id string, change func(*T) error) (T, error) {
	updated, err := d.UpdateFrom(ctx, Document[T]{ID: id}, change)
	return updated.Value, err
}

// UpdateFrom is Update of a document that was read already: it reads it only if another write came first. What it returns has
// no ETag if it was written, because no store says which version that made.
func (d *Documents[T]) UpdateFrom(ctx context.Context, seen Document[T], change func(*T) error) (Document[T], error) {
	return d.write(ctx, seen, func(document *Document[T]) error {
		if !document.Exists() {
			return d.notFound()
		}
		return change(&document.Value)
	})
}

// Upsert is Update for a document that may not exist yet: change then gets the zero value.
func (d *Documents[T]) Upsert(ctx context.Context, id string, change func(*T) error) (T, error) {
	written, err := d.write(ctx, Document[T]{ID: id}, func(document *Document[T]) error { return change(&document.Value) })
	return written.Value, err
}

func (d *Documents[T]) write(ctx context.Context, seen Document[T], change func(*Document[T]) error) (result Document[T], err error) {
	var refused error // by change
	err = d.retryFrom(ctx, seen, func(document Document[T]) error {
		raw, changed, err := apply(&document, change)
		result, refused = document, err
		if err != nil || !changed {
			return nil
		}
		result.ETag = ""
		return d.save(ctx, document.ID, raw, document.ETag, d.lifetime(document.Value))
	})
	return result, cmp.Or(err, refused)
}

// retry reads a document and calls do, again whenever that fails with errs.Conflict.
func (d *Documents[T]) retry(ctx context.Context, id string, do func(Document[T]) error) error {
	return d.retryFrom(ctx, Document[T]{ID: id}, do)
}

// retryFrom is retry with a document that was read already, if it exists.
func (d *Documents[T]) retryFrom(ctx context.Context, document Document[T], do func(Document[T]) error) (err error) {
	if !document.Exists() {
		document, err = d.Find(ctx, document.ID)
	}
	for attempt := 0; err == nil && attempt < maxConflicts; attempt++ {
		conflict := do(document)
		if !errs.Is(conflict, errs.Conflict) {
			return conflict
		}
		document, err = d.findAgain(ctx, document.ID, conflict, attempt)
	}
	if err != nil {
		return err
	}
	return errs.New(errs.Unavailable, "too many requests are changing this %s; try again", d.kind)
}

// findAgain reads a document after a conflict, unless the failed write has just read it.
func (d *Documents[T]) findAgain(ctx context.Context, id string, conflict error, attempt int) (Document[T], error) {
	var late overtaken
	if attempt == 0 && errors.As(conflict, &late) && late.by.Key == d.key(id) {
		return d.decode(id, late.by.Value, late.by.Etag)
	}
	if err := pause(ctx, attempt); err != nil {
		return Document[T]{}, err
	}
	return d.Find(ctx, id)
}

// apply runs the change and returns the JSON to write, if the value has changed. It writes the old value as JSON again to
// compare both, because a store may return other white space and another order of fields than it was given.
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

// Delete removes a document that was read. It fails with errs.Conflict if another write came first.
func (d *Documents[T]) Delete(ctx context.Context, document Document[T]) error {
	etag := &dapr.ETag{Value: document.ETag}
	return d.classify(d.change(ctx, func(ctx context.Context) error {
		return d.states.DeleteStateWithETag(ctx, d.store, d.key(document.ID), etag, nil, compareAndSwap)
	}))
}

// Remove deletes a document, if it is there, also if it changes meanwhile.
func (d *Documents[T]) Remove(ctx context.Context, id string) error {
	return d.retry(ctx, id, func(document Document[T]) error {
		if !document.Exists() {
			return nil
		}
		return d.Delete(ctx, document)
	})
}
