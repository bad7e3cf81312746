package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
)

// The small order of these tests: a document, and a list of the orders of its customer.
type small struct{ ID, Customer, Product string }

// shopWithOne is what a shop has stored before and after the first order of a customer.
func shopWithOne(t testing.TB) (before, after documents, order small) {
	t.Helper()
	order = small{ids.New(), ids.New(), ids.New()}
	states, memory := sidecartest.New()
	people := sidecar.NewDocuments[string](memory, "order-store", "account")
	must.Do(t, people.Create(t.Context(), order.Customer, order.Product, 0))
	before = rows(states)
	orders := sidecar.NewDocuments[small](memory, "order-store", "order")
	must.Do(t, sidecar.NewLists(orders, "orders-of").Add(t.Context(), order.Customer, order.ID))
	must.Do(t, orders.Create(t.Context(), order.ID, order, 0))
	return before, rows(states), order
}

func rows(states *sidecartest.States) documents {
	all := documents{}
	for _, key := range states.Keys("order-store", "") {
		d := document{file: "order.db", key: "order-store" + separator + key, value: states.Value("order-store", key), etag: "1", binary: true}
		d.updated = sql.NullString{String: "2026-03-02 10:00:00", Valid: true}
		all[d.file+d.key] = d
	}
	return all
}

// database makes the file of a store, as the component does.
func database(t testing.TB, file string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	must.Do(t, os.MkdirAll(filepath.Join(dir, ".stoa", "data"), 0o700))
	db := must.Get(sql.Open("sqlite", filepath.Join(dir, ".stoa", "data", file)))(t)
	defer db.Close()
	must.Get(db.Exec(`CREATE TABLE state (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL, is_binary BOOLEAN NOT NULL,
		etag TEXT NOT NULL, expiration_time TIMESTAMP DEFAULT NULL, update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)`))(t)
	return dir
}

func TestFill_writesWhatTheServicesRead(t *testing.T) {
	const count, own = 700, 500
	before, after, order := shopWithOne(t)
	dir := database(t, "order.db")
	filling := templateOf(before, after, order.Customer)
	filling.parts["order.db"].vary = func(number int) *strings.Replacer {
		return strings.NewReplacer(order.Product, fmt.Sprint("product ", number))
	}
	must.Do(t, filling.fill(t.Context(), dir, count, own))
	stored := must.Get((&system{dir: dir}).stored(t.Context()))(t)

	memory := load(t, stored)
	orders := sidecar.NewDocuments[small](memory, "order-store", "order")
	lists := sidecar.NewLists(orders, "orders-of")
	mine := all(t, lists, order.Customer)
	if len(mine) != own {
		t.Errorf("the customer of the benchmark has %d orders, want %d", len(mine), own)
	}
	if last := mine[0]; last.ID != copied(order.ID, own) || last.Product != fmt.Sprint("product ", own) {
		t.Errorf("the last order is %+v", last)
	}
	others := all(t, lists, copied(order.Customer, 1))
	if len(others) != ordersEach || others[0].Customer != copied(order.Customer, 1) {
		t.Errorf("another customer has %+v", others)
	}
}

// load puts the rows into stores in memory.
func load(t testing.TB, stored documents) *sidecar.Sidecar {
	t.Helper()
	_, memory := sidecartest.New()
	for _, d := range stored {
		kind, id, _ := strings.Cut(strings.TrimPrefix(d.key, "order-store"+separator), ":")
		must.Do(t, sidecar.NewDocuments[json.RawMessage](memory, "order-store", kind).Create(t.Context(), id, json.RawMessage(d.value), 0))
	}
	return memory
}

// all reads a list page by page. Its first entry is that of the template, which is not among the copies.
func all(t testing.TB, lists *sidecar.Lists[small], list string) (found []small) {
	t.Helper()
	for cursor, first := "", true; first || cursor != ""; first = false {
		page, next, err := lists.Page(t.Context(), list, cursor, 100, nil)
		must.Do(t, err)
		found, cursor = append(found, page...), next
	}
	return found
}

func BenchmarkFill(b *testing.B) {
	before, after, order := shopWithOne(b)
	p := templateOf(before, after, order.Customer).parts["order.db"]
	for b.Loop() {
		w := newFiller(p, func(document) error { return nil })
		must.Do(b, w.write(context.Background(), 1000, 1000))
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(1000*b.N), "us/order")
}
