package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"stoa/bench/report"
)

const (
	// tellingPeriod is how long one measurement takes at least: the schedule that tells followers is at work for eight seconds of ten.
	tellingPeriod = 10 * time.Second
	// toldLimit is how long it may take until the last follower is told.
	toldLimit = 20 * time.Minute
	// buyers is how many customers order at once.
	buyers = 8
)

// audience is a shop with an author whom many follow.
type audience struct {
	*shop
	followers int
	quiet     map[string]float64 // what it uses when nobody asks anything of it
}

// measureFollowers measures how fast orders are confirmed while followers are told of a post, and while nobody is, in turns. Then it
// measures how long it takes until all of them are told.
func (b *bench) measureFollowers(ctx context.Context) (p report.Part, err error) {
	all, err := b.start(ctx, "followers", b.this())
	defer func() { err = errors.Join(err, all.stop()) }()
	if err != nil {
		return p, err
	}
	a, err := all[0].fillFollowers(ctx, b.followers)
	if err != nil {
		return p, err
	}
	var rates [2][]float64
	measures := []func(context.Context, int) (float64, error){a.calm, a.busy}
	err = turns(b.rounds, len(measures), func(side, round int) error {
		rate, err := measures[side](ctx, b.orders)
		if round > 0 {
			rates[side] = append(rates[side], rate)
		}
		return errors.Join(err, a.awaitQuiet(ctx, a.quiet))
	})
	if err != nil {
		return p, err
	}
	took, err := a.tellAll(ctx)
	p.Rounds = b.rounds
	p.Figures = map[string]report.Figure{"orders meanwhile": report.Ratio(rates[1], rates[0]), "seconds": report.Of(took.Seconds())}
	p.Tables = []report.Table{{
		Title: fmt.Sprintf("A post is published to %d followers", b.followers),
		Note: fmt.Sprintf("Orders of one line by %d callers, for %s at a time. The time until the last inbox has the post is that "+
			"without orders.", buyers, tellingPeriod),
		Columns: []string{"confirmed orders/s", "until the last inbox, s"},
		Rows: []report.Row{
			{Name: "nobody is told of a post", Figures: []report.Figure{report.Of(rates[0]...)}},
			{Name: "followers are told", Figures: []report.Figure{report.Of(rates[1]...), p.Figures["seconds"]}},
			{Name: "ratio", Figures: []report.Figure{p.Figures["orders meanwhile"]}},
		},
	}}
	return p, err
}

// calm is how many orders a second are confirmed while nobody is told of anything.
func (a *audience) calm(ctx context.Context, count int) (float64, error) {
	if err := a.signIn(ctx); err != nil {
		return 0, err
	}
	return a.confirmedRate(ctx, count)
}

// busy is the same from the moment on at which the first followers are told of a new post. Then the post is taken back, so that
// nobody else is told.
func (a *audience) busy(ctx context.Context, count int) (rate float64, err error) {
	if err := a.signIn(ctx); err != nil {
		return 0, err
	}
	w, before, post, err := a.announce(ctx)
	if err != nil {
		return 0, err
	}
	err = await(ctx, "the first followers are told", 100*time.Millisecond, func() (bool, error) {
		told, err := a.told(ctx)
		return told > before, err
	})
	if err == nil {
		rate, err = a.confirmedRate(ctx, count)
	}
	return rate, errors.Join(err, a.call(ctx, "PUT", "/blog/editor/unpublish/id/"+post, w.editor, nil, nil))
}

// announce has a post published, and returns how many notices there were before.
func (a *audience) announce(ctx context.Context) (w writers, before int, post string, err error) {
	if w, err = a.writers(ctx); err != nil {
		return w, 0, "", err
	}
	if before, err = a.told(ctx); err != nil {
		return w, 0, "", err
	}
	post, err = a.post(ctx, w)
	return w, before, post, err
}

// tellAll is how long it takes until all followers are told of a new post.
func (a *audience) tellAll(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	_, before, _, err := a.announce(ctx)
	for told := before; err == nil && told < before+a.followers; {
		if time.Since(began) > toldLimit {
			return 0, fmt.Errorf("%d of %d followers were told after %s", told-before, a.followers, toldLimit)
		}
		if err = sleep(ctx, time.Second); err == nil {
			told, err = a.told(ctx)
		}
	}
	return time.Since(began), err
}

// confirmedRate is how many orders a second are confirmed, a number of them at a time.
func (b *shop) confirmedRate(ctx context.Context, count int) (float64, error) {
	began, orders := time.Now(), 0
	for time.Since(began) < tellingPeriod {
		before, err := b.confirmed()
		if err != nil {
			return 0, err
		}
		if _, _, err := b.place(ctx, count, buyers); err != nil {
			return 0, err
		}
		if err := b.awaitConfirmed(ctx, before+count); err != nil {
			return 0, err
		}
		orders += count
	}
	return float64(orders) / time.Since(began).Seconds(), nil
}

// fillFollowers has an account follow the author, and fills the database with copies of what the blog has written for it.
func (b *shop) fillFollowers(ctx context.Context, count int) (*audience, error) {
	w, err := b.writers(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := b.post(ctx, w); err != nil { // so the author is known
		return nil, err
	}
	email := ""
	follow := func() (err error) { email, err = b.newFollower(ctx, w.authorID); return err }
	if err := follow(); err != nil { // the first makes the list
		return nil, err
	}
	follower, err := b.copying(ctx, b.account, follow)
	if err != nil {
		return nil, err
	}
	for _, part := range follower.parts { // one address gets few mails an hour
		part.vary = func(number int) *strings.Replacer { return strings.NewReplacer(email, fmt.Sprint(number, "-", email)) }
	}
	b.broker.close()
	if err := b.system.stop(); err != nil {
		return nil, err
	}
	if err := follower.fill(ctx, b.dir, count-2, count); err != nil {
		return nil, err
	}
	if err := b.system.start(ctx); err != nil {
		return nil, err
	}
	b.broker, err = dialBroker(b.system)
	if err = errors.Join(err, b.signIn(ctx)); err != nil {
		return nil, err
	}
	quiet, err := b.idle(ctx)
	return &audience{b, count, quiet}, err
}

// newFollower signs somebody up who follows an author, and returns their address.
func (b *shop) newFollower(ctx context.Context, authorID string) (email string, err error) {
	var reader struct{ AccessToken string }
	email = fmt.Sprintf("reader-%d@example.com", b.serial.Add(1))
	err = b.call(ctx, "POST", "/auth/signup/basic", "", map[string]string{
		"email": email, "password": customerPassword, "name": "Reader",
	}, &reader)
	if err == nil {
		err = b.call(ctx, "PUT", "/blog/following/authors/"+authorID, reader.AccessToken, nil, nil)
	}
	return email, err
}

// told counts the notices to followers. One call to the database costs the system less than ten thousand to inboxes.
func (b *shop) told(ctx context.Context) (n int, err error) {
	db, err := sql.Open("sqlite", filepath.Join(b.dir, ".stoa", "data", "notification.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	const prefix = "notification-store" + separator + "notice:post-announced"
	err = db.QueryRowContext(ctx, `SELECT count(*) FROM state WHERE key > ? AND key < ?`, prefix+"-", prefix+".").Scan(&n)
	return n, err
}
