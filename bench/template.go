package main

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// separator is between the name of a store and a key.
const separator = "||"

// document is a row of the SQLite component.
type document struct {
	file, key, value, etag string
	binary                 bool
	expires, updated       sql.NullString
}

// store is the name of the component.
func (d document) store() string {
	store, _, _ := strings.Cut(d.key, separator)
	return store
}

// documents are all that the stores of a system contain, by file and key.
type documents map[string]document

// stored reads the stores of a system.
func (s *system) stored(ctx context.Context) (documents, error) {
	files, err := filepath.Glob(filepath.Join(s.dir, ".stoa", "data", "*.db"))
	all := documents{}
	for _, file := range files {
		err = errors.Join(err, all.read(ctx, file))
	}
	return all, err
}

func (all documents) read(ctx context.Context, file string) (err error) {
	db, err := sql.Open("sqlite", file+"?mode=ro&_pragma=busy_timeout(2000)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var isStore bool
	err = db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'state')`).Scan(&isStore)
	if err != nil || !isStore { // the file of the names of the sidecars is none
		return err
	}
	rows, err := db.QueryContext(ctx, `SELECT key, value, is_binary, etag, CAST(expiration_time AS TEXT), CAST(update_time AS TEXT) FROM state`)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	defer rows.Close()
	for rows.Next() {
		d := document{file: filepath.Base(file)}
		if err := rows.Scan(&d.key, &d.value, &d.binary, &d.etag, &d.expires, &d.updated); err != nil {
			return err
		}
		if err := d.decode(); err != nil {
			return err
		}
		all[d.file+d.key] = d
	}
	return rows.Err()
}

// decode replaces the value as the component stores it by what an app has given it.
func (d *document) decode() error {
	if !d.binary {
		return nil
	}
	text, err := base64.StdEncoding.DecodeString(d.value)
	if err != nil {
		return fmt.Errorf("%s: %w", d.key, err)
	}
	d.value = string(text)
	return nil
}

// id matches all ids of documents, accounts and events.
var id = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// template is what the services have written for the first order of a customer.
type template struct {
	ids   newIDs
	parts map[string]*filePart
}

// newIDs are the ids that the order has brought, and that of its customer. A copy has others in their place.
type newIDs struct {
	customer string
	ofOrder  []string
}

// filePart is what of a template is in one file.
type filePart struct {
	ids         *newIDs
	file, store string
	ofOrder     []document // with an id of the order in their keys
	ofCustomer  []document // with that of the customer
	lists       []listed
	// vary replaces what else differs in the copy with a number; nil if nothing does.
	vary func(number int) *strings.Replacer
}

// listed is a list that has got an entry.
type listed struct {
	kind, name string
	entry      string // the id
	head       document
	ofCustomer bool
}

func (t *template) byFile() map[string]*filePart { return t.parts }

// templateOf compares what was stored before the order of this customer with what was stored after it.
func templateOf(before, after documents, customer string) *template {
	known := map[string]bool{}
	for _, d := range before {
		for _, id := range id.FindAllString(d.key+" "+d.value, -1) {
			known[id] = true
		}
	}
	t := &template{ids: newIDs{customer: customer}, parts: map[string]*filePart{}}
	for key, d := range after {
		if before[key].value == d.value {
			continue
		}
		for _, id := range id.FindAllString(d.key+" "+d.value, -1) {
			if !known[id] {
				known[id] = true
				t.ids.ofOrder = append(t.ids.ofOrder, id)
			}
		}
	}
	for key, d := range after {
		if before[key].value != d.value {
			t.add(d, before[key].key == "")
		}
	}
	return t
}

// add adds a document that is new or has changed.
func (t *template) add(d document, isNew bool) {
	p := t.parts[d.file]
	if p == nil {
		p = &filePart{ids: &t.ids, file: d.file, store: d.store()}
		t.parts[d.file] = p
	}
	l, isList := t.ids.list(d)
	switch {
	case slices.ContainsFunc(t.ids.ofOrder, func(id string) bool { return strings.Contains(d.key, id) }):
		p.ofOrder = append(p.ofOrder, d)
	case isList:
		p.lists = append(p.lists, l)
	case isNew && strings.Contains(d.key, t.ids.customer):
		p.ofCustomer = append(p.ofCustomer, d)
	}
}

// list recognizes the head of a list by what pkg/sidecar stores in it.
func (ids newIDs) list(d document) (listed, bool) {
	var head struct {
		Newest []struct{ IDs []string }
	}
	if json.Unmarshal([]byte(d.value), &head) != nil || len(head.Newest) == 0 {
		return listed{}, false
	}
	_, key, _ := strings.Cut(d.key, separator)
	kind, name, _ := strings.Cut(key, ":")
	newest := head.Newest[len(head.Newest)-1].IDs
	last := newest[len(newest)-1]
	return listed{kind, name, last, d, strings.Contains(name, ids.customer)}, slices.Contains(ids.ofOrder, last)
}

// copyOf says which copy is written: its number, and that of its customer, 0 for the customer of the benchmark.
type copyOf struct {
	number, customer int
	firstOfCustomer  bool
}

// replaceIn is a document of a copy.
func (ids newIDs) replaceIn(d document, c copyOf) document {
	d.key, d.value = ids.replace(d.key, c), ids.replace(d.value, c)
	return d
}

// replace replaces the ids in a text.
func (ids newIDs) replace(text string, c copyOf) string {
	for _, id := range ids.ofOrder {
		if strings.Contains(text, id) {
			text = strings.ReplaceAll(text, id, copied(id, c.number))
		}
	}
	if c.customer == 0 {
		return text
	}
	return strings.ReplaceAll(text, ids.customer, copied(ids.customer, c.customer))
}

// copied is an id of the same version as this one: one that sorts by time has the same time, and others have none.
func copied(id string, number int) string {
	was := uuid.MustParse(id)
	if was.Version() == 7 {
		binary.BigEndian.PutUint32(was[12:], uint32(number))
		return was.String()
	}
	return uuid.NewSHA1(was, binary.BigEndian.AppendUint32(nil, uint32(number))).String()
}
