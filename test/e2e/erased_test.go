package e2e

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stoa/internal/stack"
	"stoa/internal/stack/state"
	"stoa/internal/stack/tools"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/servers"
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

// who are the words that tell who somebody is.
func (l leaver) who() []string { return []string{l.Email, l.name, l.ID + ".png"} }

// leaveTheStores deletes the account, and waits until no document of any store tells who it was.
func (l leaver) leaveTheStores(t *testing.T, shop *client.Shop, posts string) {
	t.Helper()
	digest := func(document string) bool { return strings.Contains(document, "digest:"+l.ID) }
	system.Eventually(t, "the test sees what is stored", func() error {
		seen, err := shop.Mentions(t.Context(), l.who()...)
		if err == nil && (len(seen) < 6 || !slices.ContainsFunc(seen, digest)) {
			err = fmt.Errorf("it sees %s", strings.Join(seen, "\n"))
		}
		return err
	})
	l.leave(t, shop, posts)
	l.awaitErased(t, shop, posts, erasedWithin)
	l.checkAPI(t, shop, posts)
}

// No document has name, address or picture after a minute, and no file has the address once the databases are compacted.
func TestLeaving_leavesNothingOnTheDisk(t *testing.T) {
	t.Parallel()
	dir := system.Folder(t)
	shop := client.Start(t, dir, func(o *stack.Options) { o.Store = "sqlite" })
	l := newLeaver(t, shop)
	if len(grep(t, dir, l.Email)) < 3 {
		t.Fatal("the test does not see what is in the files")
	}
	l.leaveTheStores(t, shop, "delete")

	daprd, files := must.Get(tools.FindDaprd(system.Root(t)))(t), must.Get(shop.Databases())(t)
	system.Eventually(t, "no file has the address", func() error {
		out, err := exec.CommandContext(t.Context(), daprd, append([]string{"compact"}, files...)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		if left := grep(t, dir, l.Email); len(left) > 0 {
			return fmt.Errorf("%v still have it", left)
		}
		return nil
	})
}

// The same in Redis, where the author's posts stay. The broker is the same server: its streams have events until their retention ends.
func TestLeaving_leavesNothingInRedis(t *testing.T) {
	t.Parallel()
	if err := servers.Find("redis"); err != nil {
		t.Skipf("NOT TESTED: what an account leaves in Redis. %v", err)
	}
	shop := client.Start(t, system.Folder(t), func(o *stack.Options) { o.Bus, o.Store = "redis", "redis" })
	newLeaver(t, shop).leaveTheStores(t, shop, "keep")
}
