package system

import (
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"stoa/pkg/common/must"
)

// LockStore holds SQLite's write lock of a database (byte 120 of the shared-memory file, https://www.sqlite.org/walformat.html), as a
// writer that is stuck would, until unlock or the end of the test.
func LockStore(t testing.TB, database string) (unlock func()) {
	t.Helper()
	lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart, Start: 120, Len: 1}
	file := must.Get(os.OpenFile(database+"-shm", os.O_RDWR, 0))(t)
	unlock = func() { file.Close() }
	t.Cleanup(unlock)
	must.Do(t, unix.FcntlFlock(file.Fd(), unix.F_SETLKW, &lock))
	return unlock
}
