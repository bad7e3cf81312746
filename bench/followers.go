package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"stoa/bench/report"
	"stoa/pkg/common/ids"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
)

const (
	// toldLimit is how long it may take until the last follower is told.
	toldLimit = 20 * time.Minute
	// calmRounds is how often orders are measured before anybody is told of anything.
	calmRounds = 10
)

// measureFollowers publishes a post with many followers, and measures how fast orders are confirmed before, and until the last
// inbox has the post.
func (b *bench) measureFollowers(ctx context.Context) (p report.Part, err error) {
	all, err := b.start(ctx, "followers", b.this())
	defer func() { err = errors.Join(err, all.stop()) }()
	if err != nil {
		return p, err
	}
	s := all[0]
	w, err := s.fillFollowers(ctx, b.followers)
	if err != nil {
		return p, err
	}
	var calm, busy []float64
	for round := range calmRounds + 1 {
		rate, err := s.confirmedRate(ctx, b.orders)
		if err != nil {
			return p, err
		}
		if round > 0 { // the first warms up
			calm = append(calm, rate)
		}
	}
	began := time.Now()
	if _, err := s.post(ctx, w); err != nil {
		return p, err
	}
	for told := 0; told < b.followers; {
		if time.Since(began) > toldLimit {
			return p, fmt.Errorf("%d of %d followers were told after %s", told, b.followers, toldLimit)
		}
		rate, err := s.confirmedRate(ctx, b.orders)
		if err != nil {
			return p, err
		}
		if told, err = s.told(ctx); err != nil {
			return p, err
		}
		if told > 0 && told < b.followers {
			busy = append(busy, rate)
		}
	}
	took := time.Since(began)
	p.Rounds = len(busy)
	p.Tables = []report.Table{{
		Title:   fmt.Sprintf("A post is published to %d followers", b.followers),
		Note:    "Orders of one line, with eight callers, before and until the last inbox has the post.",
		Columns: []string{"confirmed orders/s", "until the last inbox, s"},
		Rows: []report.Row{
			{Name: "before", Figures: []report.Figure{report.Of(calm...)}},
			{Name: "meanwhile", Figures: []report.Figure{report.Of(busy...), report.Of(took.Seconds())}},
		},
	}}
	usual := report.Of(calm...).Median
	ratios := make([]float64, len(busy))
	for i, rate := range busy {
		ratios[i] = rate / usual
	}
	p.Figures = map[string]report.Figure{"orders meanwhile": report.Of(ratios...), "seconds": report.Of(took.Seconds())}
	return p, nil
}

// confirmedRate is how many orders a second are confirmed, from the first request until the last one is.
func (b *shop) confirmedRate(ctx context.Context, count int) (float64, error) {
	before, err := b.confirmed()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if _, _, err := b.place(ctx, count, 8); err != nil {
		return 0, err
	}
	err = b.awaitConfirmed(ctx, before+count)
	return float64(count) / time.Since(began).Seconds(), err
}

// fillFollowers writes accounts that follow the author into the database of the blog, while the system does not run.
func (b *shop) fillFollowers(ctx context.Context, count int) (writers, error) {
	w, err := b.writers(ctx)
	if err != nil {
		return w, err
	}
	if _, err := b.post(ctx, w); err != nil { // so the author is known
		return w, err
	}
	b.broker.close()
	if err := b.system.stop(); err != nil {
		return w, err
	}
	if err := writeFollowers(ctx, filepath.Join(b.dir, ".stoa", "data", "blog.db"), w.authorID, count); err != nil {
		return w, err
	}
	if err := b.system.start(ctx); err != nil {
		return w, err
	}
	if b.broker, err = dialBroker(b.system); err != nil {
		return w, err
	}
	if err := b.signIn(ctx); err != nil {
		return w, err
	}
	return b.writers(ctx)
}

// writeFollowers makes the documents in memory, by the code of the kit, and writes them as the component stores them.
func writeFollowers(ctx context.Context, path, authorID string, count int) (err error) {
	const store = "blog-store"
	states, memory := sidecartest.New()
	following := sidecar.NewDocuments[map[string]any](memory, store, "following")
	authors := sidecar.NewDocuments[map[string]any](memory, store, "author")
	lists := sidecar.NewLists(following, "followers")
	since := time.Now().UTC().Add(-time.Hour)
	for n := range count {
		id := ids.New()
		err := errors.Join(
			lists.Add(ctx, "of-author:"+authorID, id),
			following.Create(ctx, id, map[string]any{"id": id, "follows": []any{map[string]any{"author": authorID, "since": since}}}, 0),
			authors.Create(ctx, id, map[string]any{"id": id, "name": fmt.Sprint("Reader ", n), "email": fmt.Sprintf("reader-%d@example.com", n), "at": since}, 0),
		)
		if err != nil {
			return err
		}
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var like document // all documents are stored in the same way
	err = db.QueryRowContext(ctx, `SELECT is_binary FROM state WHERE key LIKE 'blog-store||post:%' LIMIT 1`).Scan(&like.binary)
	if err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, key := range states.Keys(store, "") {
		like.value = states.Value(store, key)
		_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO state (key, value, is_binary, etag, update_time) VALUES (?, ?, ?, ?, CURRENT_TIMESTAMP)`,
			store+separator+key, like.stored(), like.binary, ids.New())
		if err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

// told counts the inbox entries of followers. One call to the database costs the system less than ten thousand to inboxes.
func (b *shop) told(ctx context.Context) (n int, err error) {
	db, err := sql.Open("sqlite", filepath.Join(b.dir, ".stoa", "data", "notification.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.QueryRowContext(ctx, `SELECT count(*) FROM state WHERE key LIKE 'notification-store||notice:post-announced-%'`).Scan(&n)
	return n, err
}
