package architecture

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A slip in a shell makes files such as "main.go: 12", and nobody looks for them.
func TestFiles_haveOrdinaryNames(t *testing.T) {
	ordinary := regexp.MustCompile(`^[._]?[A-Za-z0-9][-A-Za-z0-9_.]*$`)
	files := 0
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || file == root:
			return err
		case entry.IsDir() && (entry.Name() == "bin" || strings.HasPrefix(entry.Name(), ".")):
			return filepath.SkipDir
		case !ordinary.MatchString(entry.Name()):
			t.Errorf("%s: this name has other characters than letters, digits, hyphens, underscores and dots", file)
		}
		files++
		return nil
	})
	if err != nil || files < 300 {
		t.Errorf("%d files, error %v", files, err)
	}
}
