package stack

import (
	"sync"

	"stoa/internal/stack/state"
)

// recorder writes the record after every change. One write can cover several changes.
type recorder struct {
	path     string
	snapshot func() Record
	dirty    chan struct{}
	closing  chan struct{}
	finished sync.WaitGroup
}

func newRecorder(path string, snapshot func() Record) *recorder {
	r := &recorder{path: path, snapshot: snapshot, dirty: make(chan struct{}, 1), closing: make(chan struct{})}
	r.finished.Go(r.run)
	return r
}

// mark requests a write.
func (r *recorder) mark() {
	select {
	case r.dirty <- struct{}{}:
	default:
	}
}

func (r *recorder) run() {
	for {
		select {
		case <-r.dirty:
			r.write()
		case <-r.closing:
			r.write()
			return
		}
	}
}

// write may fail (disk full) without stopping the system; the next change tries again.
func (r *recorder) write() { _ = state.Write(r.path, r.snapshot()) }

// close writes the record a last time.
func (r *recorder) close() {
	close(r.closing)
	r.finished.Wait()
}
