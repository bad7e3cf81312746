package main

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"
	_ "modernc.org/sqlite" // the driver

	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
)

// ordersEach is how many of the copied orders a customer has, except for the customer of the benchmark.
const ordersEach = 9

// fill writes copies of the template into the databases of a system that does not run. The customer of the benchmark gets the first
// ones. It writes one file beside the other.
func (t *template) fill(ctx context.Context, dir string, count, own int) error {
	files, ctx := errgroup.WithContext(ctx)
	for _, part := range t.byFile() {
		files.Go(func() error { return part.fill(ctx, dir, count, own) })
	}
	return files.Wait()
}

// fill writes the documents of one file.
func (p *filePart) fill(ctx context.Context, dir string, count, own int) (err error) {
	db, err := sql.Open("sqlite", filepath.Join(dir, ".stoa", "data", p.file)+"?_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)&_pragma=cache_size(-500000)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	insert, err := tx.PrepareContext(ctx, `INSERT OR REPLACE INTO state (key, value, is_binary, etag, expiration_time, update_time) VALUES (?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	w := newFiller(p, func(d document) error {
		_, err := insert.ExecContext(ctx, d.key, d.stored(), d.binary, d.etag, d.expires, d.updated)
		return err
	})
	if err := w.write(ctx, count, own); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", p.file, err), tx.Rollback())
	}
	return tx.Commit()
}

// stored is the value as the component stores it.
func (d document) stored() string {
	if d.binary {
		return base64.StdEncoding.EncodeToString([]byte(d.value))
	}
	return d.value
}

// filler writes copies. Lists grow in memory by the code of the services, and are written at the end.
type filler struct {
	*filePart
	save   func(document) error
	states *sidecartest.States
	lists  map[string]*sidecar.Lists[json.RawMessage]     // by kind
	heads  map[string]*sidecar.Documents[json.RawMessage] // by kind
}

func newFiller(p *filePart, save func(document) error) *filler {
	f := &filler{filePart: p, save: save, lists: map[string]*sidecar.Lists[json.RawMessage]{}, heads: map[string]*sidecar.Documents[json.RawMessage]{}}
	states, memory := sidecartest.New()
	f.states = states
	for _, l := range p.lists {
		f.heads[l.kind] = sidecar.NewDocuments[json.RawMessage](memory, p.store, l.kind)
		f.lists[l.kind] = sidecar.NewLists(f.heads[l.kind], l.kind)
	}
	return f
}

func (f *filler) write(ctx context.Context, count, own int) error {
	for _, l := range f.filePart.lists {
		if err := f.heads[l.kind].Create(ctx, l.name, json.RawMessage(l.head.value), 0); err != nil {
			return err
		}
	}
	for n := 1; n <= count; n++ {
		c := copyOf{number: n}
		if n > own {
			c.customer = 1 + (n-own-1)/ordersEach
			c.firstOfCustomer = (n-own-1)%ordersEach == 0
		}
		if err := f.copy(ctx, c); err != nil {
			return err
		}
	}
	return f.writeLists()
}

// copy writes the documents of a copy, and adds it to its lists.
func (f *filler) copy(ctx context.Context, c copyOf) error {
	documents := f.ofOrder
	if c.firstOfCustomer {
		documents = append(documents[:len(documents):len(documents)], f.ofCustomer...)
	}
	var varied *strings.Replacer
	if f.vary != nil {
		varied = f.vary(c.number)
	}
	for _, d := range documents {
		if d = f.ids.replaceIn(d, c); varied != nil {
			d.value = varied.Replace(d.value)
		}
		if err := f.save(d); err != nil {
			return err
		}
	}
	for _, l := range f.filePart.lists {
		name := f.ids.replace(l.name, c)
		if c.firstOfCustomer && l.ofCustomer {
			head := json.RawMessage(f.ids.replace(l.head.value, c))
			if err := f.heads[l.kind].Create(ctx, name, head, 0); err != nil {
				return err
			}
		}
		if err := f.lists[l.kind].Add(ctx, name, f.ids.replace(l.entry, c)); err != nil {
			return err
		}
	}
	return nil
}

func (f *filler) writeLists() error {
	for _, key := range f.states.Keys(f.store, "") {
		d := f.filePart.lists[0].head // all documents of lists are stored in the same way
		d.key, d.value = f.store+separator+key, f.states.Value(f.store, key)
		if err := f.save(d); err != nil {
			return err
		}
	}
	return nil
}
