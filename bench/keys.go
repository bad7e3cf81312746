package main

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"

	dapr "github.com/dapr/go-sdk/client"

	"stoa/bench/report"
	"stoa/pkg/search"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
)

// blogStore is the component that has the index.
const blogStore = "blog-store"

// keysCounted is for how many queries keys are counted.
const keysCounted = 50

// keyCounter has the documents of an index in memory, and counts what is read of them.
type keyCounter struct {
	*sidecartest.States
	keys int
}

// GetState implements sidecar.StateClient.
func (c *keyCounter) GetState(ctx context.Context, store, key string, meta map[string]string) (*dapr.StateItem, error) {
	c.keys++
	return c.States.GetState(ctx, store, key, meta)
}

// GetBulkState implements sidecar.StateClient.
func (c *keyCounter) GetBulkState(
	ctx context.Context, store string, keys []string, meta map[string]string, parallelism int32,
) ([]*dapr.BulkStateItem, error) {
	c.keys += len(keys)
	return c.States.GetBulkState(ctx, store, keys, meta, parallelism)
}

// searchKeys are the keys that searches read, by blog: of a process that has read nothing yet, and of one that has answered others.
type searchKeys struct{ first, later [2][]float64 }

// keysRead counts the keys that searches for two words read of the indexes of two blogs. The sidecars count calls only, so the searches run
// here, on a copy of what the services have stored.
func keysRead(ctx context.Context, blogs [2]*blog) (all searchKeys, err error) {
	for i, f := range blogs {
		counter, err := f.copyOfIndex(ctx)
		if err != nil {
			return all, err
		}
		old := counter.process()
		for n := range 2 * keysCounted {
			query := twoWords()
			first, err := counter.find(ctx, counter.process(), query)
			if err != nil {
				return all, err
			}
			later, err := counter.find(ctx, old, query)
			if err != nil {
				return all, err
			}
			if n >= keysCounted { // those before have warmed up the old process
				all.first[i], all.later[i] = append(all.first[i], first), append(all.later[i], later)
			}
		}
	}
	return all, nil
}

// process is the index as a process that has read nothing yet has it.
func (c *keyCounter) process() *search.Index {
	return search.New(sidecar.StatesOnly(c), blogStore, "posts") // its fields matter for writing only
}

// find returns how many keys a search reads.
func (c *keyCounter) find(ctx context.Context, index *search.Index, text string) (float64, error) {
	c.keys = 0
	_, _, err := search.Find(ctx, index, search.Query{Text: text, Limit: pageLimit},
		func(_ context.Context, ids []string) (map[string]string, error) {
			found := make(map[string]string, len(ids))
			for _, id := range ids {
				found[id] = id
			}
			return found, nil
		})
	return float64(c.keys), err
}

// copyOfIndex reads the documents of the index from the database of the blog, which is running.
func (b *shop) copyOfIndex(ctx context.Context) (c *keyCounter, err error) {
	db, err := sql.Open("sqlite", filepath.Join(b.dir, ".stoa", "data", "blog.db")+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.QueryContext(ctx, `SELECT key, value, is_binary FROM state WHERE key LIKE 'blog-store||search%'`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	states, _ := sidecartest.New()
	for rows.Next() {
		var d document
		if err := rows.Scan(&d.key, &d.value, &d.binary); err != nil {
			return nil, err
		}
		if err := d.decode(); err != nil {
			return nil, err
		}
		item := &dapr.SetStateItem{Key: strings.TrimPrefix(d.key, blogStore+separator), Value: []byte(d.value)}
		if err := states.SaveBulkState(ctx, blogStore, item); err != nil {
			return nil, err
		}
	}
	return &keyCounter{States: states}, rows.Err()
}

func (k searchKeys) table(sizes [2]string) report.Table {
	t := report.Table{
		Title: "Keys of the index that a search for two words reads", Columns: []string{"at " + sizes[0], "at " + sizes[1], "ratio"},
		Note: "Besides these, the service reads the 20 posts that it shows, their texts and their authors.",
	}
	for _, row := range []struct {
		name   string
		values [2][]float64
	}{{"the first search of a process", k.first}, {"a search after fifty others, or more", k.later}} {
		t.Rows = append(t.Rows, report.Row{Name: row.name, Figures: []report.Figure{
			report.Of(row.values[0]...), report.Of(row.values[1]...), report.Ratio(row.values[1], row.values[0]),
		}})
	}
	return t
}
