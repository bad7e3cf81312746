package stack

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// trimEvery is how often the logs are looked at while the system runs.
const trimEvery = 30 * time.Second

// logKeeper keeps the logs of running processes from growing without end.
type logKeeper struct {
	dir      string
	closing  chan struct{}
	finished sync.WaitGroup
}

func newLogKeeper(dir string) *logKeeper {
	k := &logKeeper{dir: dir, closing: make(chan struct{})}
	k.finished.Go(k.run)
	return k
}

func (k *logKeeper) run() {
	ticks := time.NewTicker(trimEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			_ = k.trim() // a full disk must not stop the shop; the next tick tries again
		case <-k.closing:
			return
		}
	}
}

func (k *logKeeper) close() {
	close(k.closing)
	k.finished.Wait()
}

// trim sets aside what is in logs that have grown too large.
func (k *logKeeper) trim() error {
	files, err := LogFiles(k.dir)
	for _, path := range files {
		if info, statErr := os.Stat(path); statErr == nil && info.Size() > logLimit {
			err = errors.Join(err, copyAside(path))
		}
	}
	return err
}

// copyAside copies a log and empties it in place, because its process goes on writing to the file that it has open, at its
// end (O_APPEND). What is written between the two is lost, which is a few lines in many thousands.
func copyAside(path string) error {
	log, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer log.Close()
	aside, err := os.OpenFile(path+".1", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(aside, log); err != nil {
		return errors.Join(err, aside.Close())
	}
	return errors.Join(aside.Close(), log.Truncate(0))
}
