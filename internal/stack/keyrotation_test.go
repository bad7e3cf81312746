package stack

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stoa/internal/stack/secrets"
	"stoa/internal/stack/state"
	"stoa/pkg/common/must"
	"stoa/pkg/identity/signing"
)

func silent(string) {}

// firstStart makes the secrets of a first start.
func firstStart(t *testing.T) (dir string, values secrets.Values) {
	t.Helper()
	dir = stateDir(t)
	values = must.Get(secrets.Ensure(dir, 0, nil))(t)
	return dir, values
}

func TestRotateSigningKeys_changesNoOtherSecret(t *testing.T) {
	dir, before := firstStart(t)
	old := must.Get(secrets.SigningKeys(dir))(t)
	for range 2 {
		next, _ := old.Find(signing.Next)
		rotated, err := RotateSigningKeys(t.Context(), dir, silent)
		if err != nil {
			t.Fatal(err)
		}
		if current, _ := rotated.Find(signing.Current); current.ID() != next.ID() {
			t.Errorf("%s signs, want %s", current.ID(), next.ID())
		}
		if old, err = secrets.SigningKeys(dir); err != nil || old.String() != rotated.String() {
			t.Errorf("the file contains other keys (%v)", err)
		}
	}
	if len(old) != 4 {
		t.Errorf("%d keys, want two previous, current and next", len(old))
	}
	after := must.Get(secrets.Read(dir))(t)
	delete(before, secrets.SigningKey)
	delete(after, secrets.SigningKey)
	if !maps.Equal(before, after) {
		t.Error("a rotation has changed other secrets")
	}
	if info, err := os.Stat(secrets.Path(dir)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the mode is %v (%v), want 0600", info.Mode(), err)
	}
	if left, _ := filepath.Glob(state.Path(dir, ".secrets.json-*")); len(left) > 0 {
		t.Errorf("files that are left: %v", left)
	}
}

// Systems from before the first version with rotation have one key.
func TestRotateSigningKeys_rotatesASingleKey(t *testing.T) {
	dir, values := firstStart(t)
	keys := must.Get(secrets.SigningKeys(dir))(t)
	values[secrets.SigningKey] = keys[:1].String()
	must.Do(t, state.Write(secrets.Path(dir), values))
	rotated, err := RotateSigningKeys(t.Context(), dir, silent)
	if err != nil || len(rotated) != 3 || rotated[0].ID() != keys[0].ID() || rotated[0].Use != signing.Previous {
		t.Errorf("got %d keys, %v", len(rotated), err)
	}
}

func TestRotateSigningKeys_runsOnceAtATime(t *testing.T) {
	dir, _ := firstStart(t)
	lock := must.Get(state.Lock(state.Path(dir, "signing.lock")))(t)
	defer lock.Close()
	if _, err := RotateSigningKeys(t.Context(), dir, silent); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("got %v", err)
	}
}
