package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	contribstate "github.com/dapr/components-contrib/state"
	"github.com/dapr/components-contrib/state/sqlite"
	"github.com/dapr/kit/logger"
)

// checkpointPause is for how long bytes that nobody needs may stay in the write-ahead log, which otherwise has megabytes of them.
const checkpointPause = 30 * time.Second

// indexedSQLite is the official component with an index of what expires, and with a write-ahead log that is emptied: in the database
// itself, secure_delete overwrites what is deleted. The components for PostgreSQL and MySQL have an index of their own. Without
// it, the clean-up reads the whole table and keeps all writers waiting meanwhile (0.6 s for three million rows), although most
// documents never expire.
type indexedSQLite struct {
	*sqlite.SQLiteStore
	stop context.CancelFunc
}

func newIndexedSQLite(log logger.Logger) contribstate.Store {
	return &indexedSQLite{SQLiteStore: sqlite.NewSQLiteStateStore(log).(*sqlite.SQLiteStore), stop: func() {}}
}

// Init implements state.Store. A row without an expiry costs nothing in this index.
func (s *indexedSQLite) Init(ctx context.Context, metadata contribstate.Metadata) error {
	if err := s.SQLiteStore.Init(ctx, metadata); err != nil {
		return err
	}
	db := s.GetDBAccess().GetConnection()
	_, err := db.ExecContext(ctx,
		`CREATE INDEX IF NOT EXISTS state_expiration ON state (expiration_time) WHERE expiration_time IS NOT NULL`)
	if err != nil {
		return fmt.Errorf("the index of what expires cannot be created: %w", err)
	}
	lasting, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	go emptyLog(lasting, db)
	return nil
}

// Close implements state.Store.
func (s *indexedSQLite) Close() error {
	s.stop()
	return s.SQLiteStore.Close()
}

// emptyLog moves what the write-ahead log has to the database, and truncates the log, again and again. While others read or write,
// SQLite waits for them for as long as the component lets it wait; if that is too short, the next run does it.
func emptyLog(ctx context.Context, db *sql.DB) {
	tick := time.NewTicker(checkpointPause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_, _ = db.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
		}
	}
}

// compact rewrites databases without the bytes that nobody needs: also those that secure_delete misses, because SQLite leaves
// copies of rows behind when it moves them to another page. Writers wait meanwhile.
func compact(files []string) error {
	for _, file := range files {
		if err := compactOne(file); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

func compactOne(file string) error {
	db, err := sql.Open("sqlite", "file:"+file+"?mode=rw&_pragma=busy_timeout(10000)")
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.Exec(`VACUUM`); err != nil {
		return err
	}
	var busy, pages, moved int // it does not fail if others use the log
	if err := db.QueryRow(`PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &moved); err != nil {
		return err
	}
	if busy != 0 {
		return errors.New("its write-ahead log is in use, and still has what was deleted; try again")
	}
	return nil
}
