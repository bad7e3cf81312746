package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// `stoa seed` fills a new blog with posts and comments, through the services. A second run finds nothing to do. `stoa search rebuild`
// ends when all posts are indexed.
func TestSeed_fillsTheBlog(t *testing.T) {
	t.Parallel()
	dir := system.Folder(t)
	shop := client.Start(t, dir, client.Only(t, "gateway", "auth", "inventory-api", "blog"))
	for _, name := range []string{"dapr.yaml", "components"} { // what the command finds the system by
		must.Do(t, os.Symlink(filepath.Join(system.Root(t), name), filepath.Join(dir, name)))
	}
	stoa := func(args ...string) string {
		args = append([]string{"--dir", dir}, args...)
		out, err := exec.CommandContext(t.Context(), filepath.Join(system.Root(t), "bin", "stoa"), args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return string(out)
	}
	const want = "Added 23 posts and 57 comments to the blog."
	if said := stoa("seed"); !strings.Contains(said, want) {
		t.Errorf("got %q, want %q", said, want)
	}
	if said := stoa("seed"); !strings.Contains(said, "The blog has posts already") {
		t.Errorf("again: got %q", said)
	}
	posts, comments := client.All[client.Post](t, shop, "/blog/list/latest", client.User{}), 0
	if said, want := stoa("search", "rebuild", "blog"), fmt.Sprintf("The index has %d documents.\n", len(posts)); !strings.HasSuffix(said, want) {
		t.Errorf("got %q, want %q", said, want)
	}
	for _, post := range posts {
		comments += post.Comments
	}
	if comments != 57 {
		t.Errorf("readers find %d comments", comments)
	}
}
