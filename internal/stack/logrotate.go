package stack

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// rotateEvery is how often the sizes of the logs are checked.
const rotateEvery = 30 * time.Second

// logRotator limits the size of the logs of running processes.
type logRotator struct {
	dir      string
	closing  chan struct{}
	finished sync.WaitGroup
}

func newLogRotator(dir string) *logRotator {
	r := &logRotator{dir: dir, closing: make(chan struct{})}
	r.finished.Go(r.run)
	return r
}

func (r *logRotator) run() {
	ticks := time.NewTicker(rotateEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			_ = r.rotate() // a full disk must not stop the system; the next tick tries again
		case <-r.closing:
			return
		}
	}
}

func (r *logRotator) close() {
	close(r.closing)
	r.finished.Wait()
}

// rotate empties logs that are too large.
func (r *logRotator) rotate() error {
	files, err := LogFiles(r.dir)
	for _, path := range files {
		if info, statErr := os.Stat(path); statErr == nil && info.Size() > logLimit {
			err = errors.Join(err, copyAndTruncate(path))
		}
	}
	return err
}

// copyAndTruncate copies a log and empties the file itself, because the process has it open and appends to it (O_APPEND).
// Lines that are written between copying and emptying are lost: a few in many thousands.
func copyAndTruncate(path string) error {
	log, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer log.Close()
	old, err := os.OpenFile(path+".1", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(old, log); err != nil {
		return errors.Join(err, old.Close())
	}
	return errors.Join(old.Close(), log.Truncate(0))
}
