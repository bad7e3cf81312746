package main

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Somebody reads for long, such as a backup. Others write meanwhile, and wait as long as the component lets them.
func TestCheckpoint_keepsNobodyWaiting(t *testing.T) {
	file := filepath.Join(t.TempDir(), "test.db")
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(1500)&_pragma=journal_mode(WAL)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	write := func(statement string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	write(`CREATE TABLE state (value TEXT)`)
	reader, err := db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	var count int
	if err := reader.QueryRow(`SELECT count(*) FROM state`).Scan(&count); err != nil {
		t.Fatal(err)
	}
	write(`INSERT INTO state VALUES ('secret')`)
	begin := time.Now()
	if err := checkpoint(t.Context(), db); err != nil {
		t.Error(err)
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("it held the writers' lock for up to %s", took)
	}
	write(`DELETE FROM state`)
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := checkpoint(t.Context(), db); err != nil {
		t.Error(err)
	}
	if log, err := os.Stat(file + "-wal"); err != nil || log.Size() > 0 {
		t.Errorf("the log is not empty: %v, %v", log, err)
	}
	expectWait(t, db, 1500)
}

// expectWait fails if a connection of the pool waits for another time than the component has set.
func expectWait(t *testing.T, db *sql.DB, want int) {
	t.Helper()
	for range db.Stats().Idle {
		connection, err := db.Conn(context.WithoutCancel(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		var wait int
		if err := connection.QueryRowContext(t.Context(), `PRAGMA busy_timeout`).Scan(&wait); err != nil || wait != want {
			t.Errorf("it waits %d ms, %v", wait, err)
		}
	}
}
