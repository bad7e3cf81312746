package domain

import (
	"context"
	"sync"
	"time"

	"stoa/pkg/common/errs"
)

// An order that has just changed often changes again soon: it is read often at first, then less and less.
const (
	shortestPause = 25 * time.Millisecond
	longestPause  = time.Second
)

// feeds has a feed for each order that somebody follows.
type feeds struct {
	reader Reader
	mu     sync.Mutex // guards everything below, and what is in the feeds
	open   map[string]*feed
}

// feed is one order, which is read again and again for all who follow it.
type feed struct {
	id        string
	latest    Order
	withdrawn bool
	followers int
	// read is closed when the order has been read again.
	read chan struct{}
	// joined says that the order should be read at once.
	joined chan struct{}
	stop   context.CancelFunc
}

// join returns the feed of an order, and starts it for the first follower. A follower may know more than the feed.
func (all *feeds) join(ctx context.Context, known Order) *feed {
	all.mu.Lock()
	defer all.mu.Unlock()
	f := all.open[known.ID]
	if f == nil {
		f = &feed{id: known.ID, latest: known, read: make(chan struct{}), joined: make(chan struct{}, 1)}
		all.open[known.ID] = f
		// The feed lasts for as long as anybody follows, not only the first.
		ctx, f.stop = context.WithCancel(context.WithoutCancel(ctx))
		go all.poll(ctx, f)
	}
	f.followers++
	if known.Status.after(f.latest.Status) {
		f.latest = known
	}
	if f.followers > 1 {
		select {
		case f.joined <- struct{}{}:
		default: // it is about to be read
		}
	}
	return f
}

// leave stops the feed after its last follower.
func (all *feeds) leave(f *feed) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if f.followers--; f.followers == 0 {
		all.end(f)
	}
}

// end stops a feed. The caller holds the lock.
func (all *feeds) end(f *feed) {
	f.stop()
	if all.open[f.id] == f {
		delete(all.open, f.id)
	}
}

// state returns the order as it was read last, false if it is withdrawn, and a channel that is closed at the next reading.
func (all *feeds) state(f *feed) (latest Order, exists bool, next <-chan struct{}) {
	all.mu.Lock()
	defer all.mu.Unlock()
	return f.latest, !f.withdrawn, f.read
}

// poll reads an order until its feed is stopped.
func (all *feeds) poll(ctx context.Context, f *feed) {
	wait := shortestPause
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.joined:
			wait = shortestPause
		case <-time.After(wait):
			wait = min(2*wait, longestPause)
		}
		current, err := all.reader.Find(ctx, f.id)
		if all.note(f, current.Order, err) {
			wait = shortestPause
		}
	}
}

// note tells all followers that the order was read, and reports whether it has changed. While the store is down, the order
// stays as it was.
func (all *feeds) note(f *feed, current Order, err error) (changed bool) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if changed = err == nil && current.Status.after(f.latest.Status); changed {
		f.latest = current
	}
	if errs.Is(err, errs.NotFound) {
		f.withdrawn = true
		all.end(f)
	}
	close(f.read)
	f.read = make(chan struct{})
	return changed
}
