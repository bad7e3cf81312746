package sidecar

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	dapr "github.com/dapr/go-sdk/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
)

// How often, and after which pause, a refused save is tried again: for 1.6 s in all, because MariaDB removes expired documents
// once a second (cleanupInterval in components/store/mariadb).
const (
	maxRefusals  = 8
	refusalPause = 200 * time.Millisecond
	lookTimeout  = 500 * time.Millisecond // to check whether the key exists, after a save that took the whole callTimeout
)

// save writes by compare-and-swap. An empty etag means that the key must not exist. Some stores (Redis, PostgreSQL, MariaDB)
// report an existing key like any other failure, so save then looks what is stored. Some (MariaDB, MongoDB) refuse the key of an
// expired document until they have removed it, so save then tries again.
//
// A store may also report its own write as that of somebody else: when Redis does not answer in time, its client sends the same
// write again, which then finds what the first one has written. So each write has a mark, by which save knows it, unless somebody
// else has changed the document since.
func (d *Documents[T]) save(ctx context.Context, id string, raw []byte, etag string, meta map[string]string) error {
	// People must get an answer in time even if the first call takes the whole callTimeout.
	end := time.Now().Add(callTimeout + lookTimeout)
	saving, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	mark := newMark()
	raw = mark.on(raw)
	for attempt := 0; ; attempt++ {
		err := d.saveOnce(saving, id, raw, etag, meta)
		mismatch := status.Code(err) == codes.Aborted
		if !mismatch && (etag != "" || !refused(err)) {
			return failure(err, "the state store")
		}
		if soonest := time.Now().Add(lookTimeout); end.Before(soonest) {
			end = soonest // the save had to wait for its turn
		}
		looking, stop := context.WithDeadline(ctx, end)
		stored, lookErr := d.look(looking, id)
		stop()
		switch {
		case lookErr != nil:
			return failure(err, "the state store")
		case mark.isOn(stored.Value):
			return nil
		case len(stored.Value) > 0 || etag != "":
			return d.conflict(overtaken{err, stored})
		case attempt == maxRefusals || sleep(saving, refusalPause) != nil:
			return failure(err, "the state store")
		}
	}
}

// refused reports errors that some stores return for an existing or expired key, see save and Overwrite.
func refused(err error) bool {
	code := status.Code(err)
	return code == codes.Internal || code == codes.Aborted
}

// look reads what is stored under an id.
func (d *Documents[T]) look(ctx context.Context, id string) (*dapr.StateItem, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return d.states.GetState(ctx, d.store, d.key(id), nil)
}

// overtaken is why a write failed: something else is stored, which need not be read again.
type overtaken struct {
	error
	by *dapr.StateItem
}

// saveOnce saves without trying again, and returns the error of the sidecar as it is.
func (d *Documents[T]) saveOnce(ctx context.Context, id string, raw []byte, etag string, meta map[string]string) error {
	item := &dapr.SetStateItem{Key: d.key(id), Value: raw, Metadata: meta, Options: compareAndSwap}
	if etag != "" {
		item.Etag = &dapr.ETag{Value: etag}
	}
	return d.saveItem(ctx, item)
}

func (d *Documents[T]) saveItem(ctx context.Context, item *dapr.SetStateItem) error {
	return d.change(ctx, func(ctx context.Context) error { return d.states.SaveBulkState(ctx, d.store, item) })
}

var (
	compareAndSwap = &dapr.StateOptions{Concurrency: dapr.StateConcurrencyFirstWrite, Consistency: dapr.StateConsistencyStrong}
	lastWrite      = &dapr.StateOptions{Concurrency: dapr.StateConcurrencyLastWrite, Consistency: dapr.StateConsistencyStrong}
)

// change makes one call that writes.
func (d *Documents[T]) change(ctx context.Context, call func(context.Context) error) error {
	if err := d.writes.enter(ctx); err != nil {
		return err
	}
	defer d.writes.leave()
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return call(ctx)
}

// classify turns an ETag that does not match into errs.Conflict. For any other error it returns what failure returns.
func (d *Documents[T]) classify(err error) error {
	if status.Code(err) == codes.Aborted {
		return d.conflict(err)
	}
	return failure(err, "the state store")
}

func (d *Documents[T]) conflict(cause error) error {
	return errs.Wrap(errs.Conflict, cause, "this %s exists already, or somebody else changed it", d.kind)
}

// mark tells a write from all others. It is a field of the stored document that readers do not see.
type mark string

func newMark() mark { return mark(strconv.FormatUint(rand.Uint64(), 36)) }

// on returns a JSON object with the mark. Other JSON has no place for it.
func (m mark) on(raw []byte) []byte {
	body, isObject := bytes.CutSuffix(raw, []byte("}"))
	if !isObject {
		return raw
	}
	separator := ","
	if len(body) == 1 {
		separator = ""
	}
	return fmt.Appendf(bytes.Clone(body), `%s"_write":%q}`, separator, m)
}

// isOn reports whether a stored document has the mark.
func (m mark) isOn(raw []byte) bool {
	var stored struct {
		Mark mark `json:"_write"`
	}
	return bytes.Contains(raw, []byte(m)) && json.Unmarshal(raw, &stored) == nil && stored.Mark == m
}
