package e2e

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the driver that the sidecar uses as well

	"stoa/internal/stack"
	"stoa/internal/stack/state"
	"stoa/internal/stack/tools"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// forms are a word as files may have it: as it is, and as base64, in which SQLite's component writes documents, from each of the
// three places where a word can begin. Its first and last letters depend on what is beside it.
func forms(word string) [][]byte {
	all := [][]byte{[]byte(word)}
	for skip := range 3 {
		encoded := base64.StdEncoding.EncodeToString(append(make([]byte, skip), word...))
		all = append(all, []byte(encoded[4:len(encoded)-4]))
	}
	return all
}

// databases are the files of the stores.
func databases(t *testing.T, dir string) (files []string) {
	t.Helper()
	for _, file := range must.Get(filepath.Glob(state.Path(dir, "data", "*.db")))(t) {
		if filepath.Base(file) != "names.db" {
			files = append(files, file)
		}
	}
	if len(files) < 6 {
		t.Fatalf("there are only %v", files)
	}
	return files
}

// mentions returns the documents of all stores that have one of these words.
func mentions(t *testing.T, dir string, words ...string) (found []string) {
	t.Helper()
	for _, file := range databases(t, dir) {
		db := must.Get(sql.Open("sqlite", "file:"+file+"?mode=ro&_pragma=busy_timeout(5000)"))(t)
		rows := must.Get(db.QueryContext(t.Context(),
			`SELECT key, value, is_binary FROM state WHERE expiration_time IS NULL OR expiration_time > CURRENT_TIMESTAMP`))(t)
		for rows.Next() {
			var key, value string
			var binary bool
			must.Do(t, rows.Scan(&key, &value, &binary))
			if binary {
				value = string(must.Get(base64.StdEncoding.DecodeString(value))(t))
			}
			for _, word := range words {
				if strings.Contains(key+value, word) {
					found = append(found, filepath.Base(file)+" "+key+": "+value)
				}
			}
		}
		must.Do(t, rows.Err())
		must.Do(t, rows.Close())
		must.Do(t, db.Close())
	}
	return found
}

// grep returns the files below .stoa/data that have a word in any form. What the broker keeps is not among them: events stay until
// its retention ends.
func grep(t *testing.T, dir, word string) (found []string) {
	t.Helper()
	must.Do(t, filepath.WalkDir(state.Path(dir, "data"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if entry.Name() == "nats" {
				return fs.SkipDir
			}
			return nil
		}
		raw, err := os.ReadFile(path)
		for _, form := range forms(word) {
			if bytes.Contains(raw, form) {
				found = append(found, path)
				return err
			}
		}
		return err
	}))
	return found
}

// A test that reads all stores: no document has name, address or picture after a minute, and no file has the address once the
// databases are compacted.
func TestLeaving_leavesNothingOnTheDisk(t *testing.T) {
	dir := system.Folder(t)
	shop := client.Start(t, dir, func(o *stack.Options) { o.Store = "sqlite" })
	l := newLeaver(t, shop)
	awaitNotice(t, shop, l.User, "order-shipped")
	shop.Must(t, client.Following("PUT", "tags/Stock", l.User), http.StatusOK, nil)
	shop.NewPost(t, shop.SignIn(t, "author"), shop.SignIn(t, "editor"))
	system.Eventually(t, "it waits for the digest", func() error {
		for _, document := range mentions(t, dir, l.Email) {
			if strings.Contains(document, "digest:"+l.ID) {
				return nil
			}
		}
		return errors.New("there is no digest")
	})
	if len(mentions(t, dir, l.Email)) < 4 || len(grep(t, dir, l.Email)) < 3 {
		t.Fatalf("the test does not see what is stored: %v", mentions(t, dir, l.Email))
	}
	l.leave(t, shop, "delete")
	system.Within(t, erasedWithin, "nothing is left in the stores", func() error {
		if left := mentions(t, dir, l.Email, l.name, l.ID+".png"); len(left) > 0 {
			return fmt.Errorf("left is %s", strings.Join(left, "\n"))
		}
		return nil
	})
	l.checkAPI(t, shop, "delete")

	daprd := must.Get(tools.FindDaprd(system.Root(t)))(t)
	system.Eventually(t, "no file has the address", func() error {
		out, err := exec.CommandContext(t.Context(), daprd, append([]string{"compact"}, databases(t, dir)...)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		if left := grep(t, dir, l.Email); len(left) > 0 {
			return fmt.Errorf("%v still have it", left)
		}
		return nil
	})
}
