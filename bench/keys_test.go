package main

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"stoa/pkg/common/must"
	"stoa/pkg/search"
	"stoa/pkg/sidecar/sidecartest"
)

// The keys of an index are counted in a copy of what the component has stored.
func TestKeysRead_countsWhatSearchesRead(t *testing.T) {
	states, memory := sidecartest.New()
	var documents []search.Document
	for n := range 300 {
		documents = append(documents, search.Document{ID: fmt.Sprint(n), Version: 1, Texts: map[string]string{"text": textOf(n)}})
	}
	must.Do(t, search.New(memory, blogStore, "posts", search.Field{Name: "text", Weight: 1, Length: wordsOfPost}).Put(t.Context(), documents...))
	dir := database(t, "blog.db")
	db := must.Get(sql.Open("sqlite", filepath.Join(dir, ".stoa", "data", "blog.db")))(t)
	for _, key := range states.Keys(blogStore, "") {
		d := document{binary: true, value: states.Value(blogStore, key)}
		must.Get(db.Exec(`INSERT INTO state (key, value, is_binary, etag) VALUES (?, ?, ?, 1)`, blogStore+separator+key, d.stored(), d.binary))(t)
	}
	must.Do(t, db.Close())
	f := &blog{shop: &shop{system: &system{dir: dir}}}
	keys := must.Get(keysRead(t.Context(), [2]*blog{f, f}))(t)
	for i, first := range keys.first[0] {
		later := keys.later[0][i]
		if first < 4 || later < 1 || later > first || first > 30 { // manifest, head, words, entries
			t.Errorf("query %d: %v keys are read, then %v", i, first, later)
		}
	}
	if len(keys.first[1]) != keysCounted || len(keys.later[1]) != keysCounted {
		t.Errorf("got %+v", keys)
	}
}
