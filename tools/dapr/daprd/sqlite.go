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
// checkpointWait is how long a checkpoint waits for readers, in milliseconds: writers wait for it meanwhile.
const (
	checkpointPause = 30 * time.Second
	checkpointWait  = 50
)

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

// emptyLog moves what the write-ahead log has to the database, and truncates the log, again and again. If somebody reads for long, the
// next run does it.
func emptyLog(ctx context.Context, db *sql.DB) {
	tick := time.NewTicker(checkpointPause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = checkpoint(ctx, db)
		}
	}
}

// checkpoint empties the log once. It waits for a moment only: with the wait of the component, a backup that reads would keep writers
// waiting until they fail. The connection is one that others use before and after.
func checkpoint(ctx context.Context, db *sql.DB) (err error) {
	connection, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer connection.Close()
	var wait int
	if err := connection.QueryRowContext(ctx, `PRAGMA busy_timeout`).Scan(&wait); err != nil {
		return err
	}
	waiting := func(milliseconds int) error {
		_, err := connection.ExecContext(context.WithoutCancel(ctx), fmt.Sprintf(`PRAGMA busy_timeout = %d`, milliseconds))
		return err
	}
	defer func() { err = errors.Join(err, waiting(wait)) }()
	if err := waiting(checkpointWait); err != nil {
		return err
	}
	_, err = connection.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	return err
}

// compact rewrites databases without the bytes that nobody needs: also those that secure_delete misses, because SQLite leaves
// copies of rows behind when it moves them to another page. Others wait meanwhile, and fail if that takes longer than they may wait.
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
