package stack

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gopkg.in/yaml.v3"
	_ "modernc.org/sqlite" // the driver that the sidecar uses as well

	"stoa/internal/stack/state"
	"stoa/pkg/common/must"
)

// Sidecars that start together each open the file, and create their tables in it, as Dapr's component does.
func TestNames_areThereForSidecarsThatStartTogether(t *testing.T) {
	const sidecars, starts = 9, 100
	dir := t.TempDir()
	options := "?_txlock=immediate&_pragma=busy_timeout(2000)&_pragma=journal_mode(WAL)"
	for range starts {
		must.Do(t, resetNames(dir))
		var all sync.WaitGroup
		for range sidecars {
			all.Go(func() {
				db := must.Get(sql.Open("sqlite", "file:"+state.Path(dir, "data", "names.db")+options))(t)
				defer db.Close()
				for _, statement := range []string{
					"CREATE TABLE IF NOT EXISTS hosts (app TEXT)", "INSERT INTO hosts VALUES ('a')",
				} {
					if _, err := db.Exec(statement); err != nil {
						t.Errorf("%s: %v", statement, err)
					}
				}
			})
		}
		all.Wait()
	}
	db := must.Get(sql.Open("sqlite", "file:"+state.Path(dir, "data", "names.db")))(t)
	defer db.Close()
	var hosts int
	var mode, sound string
	must.Do(t, db.QueryRow("SELECT count(*) FROM hosts").Scan(&hosts))
	must.Do(t, db.QueryRow("PRAGMA journal_mode").Scan(&mode))
	must.Do(t, db.QueryRow("PRAGMA integrity_check").Scan(&sound))
	if hosts != sidecars || mode != "wal" || sound != "ok" {
		t.Errorf("got %d hosts, in mode %s, integrity %s", hosts, mode, sound)
	}
}

// All sidecars write this file every two seconds, one at a time. If each waited for a busy disk meanwhile, rows would expire.
func TestNames_areWrittenWithoutWaitingForTheDisk(t *testing.T) {
	dir := t.TempDir()
	must.Do(t, resetNames(dir))
	files := must.Get(filepath.Glob("../../components/config/apps/*.yaml"))(t)
	if len(files) == 0 {
		t.Fatal("there are no configurations")
	}
	for _, file := range files {
		var configured struct {
			Spec struct {
				NameResolution struct {
					Configuration struct {
						ConnectionString string `yaml:"connectionString"`
					}
				} `yaml:"nameResolution"`
			}
		}
		must.Do(t, yaml.Unmarshal(must.Get(os.ReadFile(file))(t), &configured))
		options := strings.TrimPrefix(configured.Spec.NameResolution.Configuration.ConnectionString, ".stoa/data/names.db")
		db := must.Get(sql.Open("sqlite", "file:"+state.Path(dir, "data", "names.db")+options))(t)
		defer db.Close()
		const normal = 1 // https://www.sqlite.org/pragma.html#pragma_synchronous: in WAL mode, a commit does not sync
		var synchronous int
		must.Do(t, db.QueryRow("PRAGMA synchronous").Scan(&synchronous))
		if synchronous != normal {
			t.Errorf("%s: synchronous is %d", file, synchronous)
		}
	}
}
