package stack

import (
	"encoding/binary"
	"os"
	"path/filepath"

	"stoa/internal/stack/state"
)

// namesPage is the size of the one page of an empty database.
const namesPage = 4096

// resetNames makes the file in which sidecars find each other, without the entries of an earlier run. It is an empty SQLite
// database in WAL mode. Otherwise the sidecars, which start together, would each switch it to that mode. SQLite does not wait for a
// lock then, and a sidecar that gets none goes on without a name: nobody finds its app.
func resetNames(dir string) error {
	path := state.Path(dir, "data", "names.db")
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, emptyDatabase(), 0o600)
}

// emptyDatabase returns an SQLite database without tables in WAL mode (https://www.sqlite.org/fileformat2.html).
func emptyDatabase() []byte {
	file := make([]byte, namesPage)
	copy(file, "SQLite format 3\x00")
	binary.BigEndian.PutUint16(file[16:], namesPage)
	file[18], file[19] = 2, 2                         // written and read in WAL mode
	file[21], file[22], file[23] = 64, 32, 32         // these are fixed
	binary.BigEndian.PutUint32(file[28:], 1)          // pages
	file[100] = 13                                    // the page is a leaf of a table: the list of tables
	binary.BigEndian.PutUint16(file[105:], namesPage) // its content begins at the end of the page: there is none
	return file
}
