package topology

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"stoa/pkg/common/must"
)

const root = "../.."

func load(t *testing.T) *Topology {
	t.Helper()
	return must.Get(Load(root))(t)
}

func TestGenerated_filesAreUpToDate(t *testing.T) {
	files := must.Get(Files(root))(t)
	for name, want := range files {
		if got, err := os.ReadFile(filepath.Join(root, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what %s and dapr.yaml say: run `make generate` and look at the difference: %v", name, File, err)
		}
	}
	stale, err := Stale(root, files)
	if err != nil || len(stale) > 0 {
		t.Errorf("nothing describes %v any more: run `make generate`: %v", stale, err)
	}
}
