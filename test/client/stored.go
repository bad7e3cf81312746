package client

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver that the sidecar uses as well

	"stoa/internal/stack/state"
)

// Databases are the files of the stores, none if these are not SQLite's.
func (s *Shop) Databases() ([]string, error) { return databases(s.Dir()) }

func databases(dir string) ([]string, error) {
	all, err := filepath.Glob(state.Path(dir, "data", "*.db"))
	var stores []string
	for _, file := range all {
		if filepath.Base(file) != "names.db" {
			stores = append(stores, file)
		}
	}
	return stores, err
}

// Stored returns all documents of all stores, by where they are and their keys: of SQLite and of Redis. What a broker keeps in Redis is
// not among them.
func (s *Shop) Stored(ctx context.Context) (map[string]string, error) {
	all, err := Documents(ctx, s.Dir())
	for _, server := range s.servers {
		if server.Kind == "redis" {
			documents, failed := server.Documents(ctx)
			maps.Copy(all, documents)
			err = errors.Join(err, failed)
		}
	}
	return all, err
}

// Documents returns all documents of the databases of a system whose state is in dir, by file and key.
func Documents(ctx context.Context, dir string) (map[string]string, error) {
	files, err := databases(dir)
	all := map[string]string{}
	for _, file := range files {
		err = errors.Join(err, readDatabase(ctx, file, all))
	}
	return all, err
}

// Mentions returns the stored documents that have one of these words.
func (s *Shop) Mentions(ctx context.Context, words ...string) (found []string, err error) {
	all, err := s.Stored(ctx)
	for key, value := range all {
		for _, word := range words {
			if strings.Contains(key+value, word) {
				found = append(found, fmt.Sprintf("%s: %s", key, value))
				break
			}
		}
	}
	return found, err
}

// readDatabase adds the documents of a database, decoded: SQLite's component writes them in base64.
func readDatabase(ctx context.Context, file string, all map[string]string) error {
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx,
		`SELECT key, value, is_binary FROM state WHERE expiration_time IS NULL OR expiration_time > CURRENT_TIMESTAMP`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key, value string
		var binary bool
		if err := rows.Scan(&key, &value, &binary); err != nil {
			return err
		}
		if binary {
			decoded, err := base64.StdEncoding.DecodeString(value)
			if err != nil {
				return err
			}
			value = string(decoded)
		}
		all[filepath.Base(file)+" "+key] = value
	}
	return rows.Err()
}
