// Package released checks the files that browsers load and that others have made: they are kept as they were released.
package released

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"testing"

	"stoa/pkg/common/must"
)

// Check compares a folder with its manifest.json, which has the package, the version, the licence and the SHA-256 of each file.
func Check(t *testing.T, files fs.FS, folder string) {
	t.Helper()
	read := func(name string) []byte { return must.Get(fs.ReadFile(files, folder+"/"+name))(t) }
	var manifest struct {
		Files []struct {
			File, Package, Version, Path, SHA256, Licence string
			LicenceFiles                                  []string
		}
	}
	must.Do(t, json.Unmarshal(read("manifest.json"), &manifest))
	listed := map[string]bool{"manifest.json": true}
	for _, f := range manifest.Files {
		sum := sha256.Sum256(read(f.File))
		if got := hex.EncodeToString(sum[:]); got != f.SHA256 {
			t.Errorf("%s is not that of %s %s: its SHA-256 is %s", f.File, f.Package, f.Version, got)
		}
		if f.Package == "" || f.Version == "" || f.Path == "" || f.Licence == "" || len(f.LicenceFiles) == 0 || len(read(f.LicenceFiles[0])) < 300 {
			t.Errorf("%s: package, version, path, licence and its text are needed: %+v", f.File, f)
		}
		listed[f.File] = true
		for _, name := range f.LicenceFiles {
			listed[name] = true
		}
	}
	for _, entry := range must.Get(fs.ReadDir(files, folder))(t) {
		if !listed[entry.Name()] {
			t.Errorf("%s is not listed", entry.Name())
		}
	}
}
