package stack

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stoa/pkg/identity/signing"
)

func silent(string) {}

func TestRotateSigningKeysChangesNothingElse(t *testing.T) {
	dir := stateDir(t)
	before, err := ensureSecrets(dir, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	old, err := SigningKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		next, _ := old.Find(signing.Next)
		rotated, err := RotateSigningKeys(t.Context(), dir, silent)
		if err != nil {
			t.Fatal(err)
		}
		if current, _ := rotated.Find(signing.Current); current.ID() != next.ID() {
			t.Errorf("%s signs, want %s", current.ID(), next.ID())
		}
		if old, err = SigningKeys(dir); err != nil || old.String() != rotated.String() {
			t.Errorf("the file holds other keys (%v)", err)
		}
	}
	if len(old) != 4 {
		t.Errorf("%d keys, want two previous, current and next", len(old))
	}
	after, err := readSecrets(dir)
	if err != nil {
		t.Fatal(err)
	}
	delete(before, secretSigning)
	delete(after, secretSigning)
	if !maps.Equal(before, after) {
		t.Error("a rotation has changed other secrets")
	}
	if info, err := os.Stat(secretsFile(dir)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the mode is %v (%v), want 0600", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, StateFolder, ".secrets.json-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Systems that were started before there was a rotation have one key.
func TestASingleKeyIsRotatedAsWell(t *testing.T) {
	dir := stateDir(t)
	secrets, err := ensureSecrets(dir, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := SigningKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	secrets[secretSigning] = keys[:1].String()
	if err := writePrivate(secretsFile(dir), secrets); err != nil {
		t.Fatal(err)
	}
	rotated, err := RotateSigningKeys(t.Context(), dir, silent)
	if err != nil || len(rotated) != 3 || rotated[0].ID() != keys[0].ID() || rotated[0].Use != signing.Previous {
		t.Errorf("got %d keys, %v", len(rotated), err)
	}
}

func TestOneRotationAtATime(t *testing.T) {
	dir := stateDir(t)
	if _, err := ensureSecrets(dir, 0, nil); err != nil {
		t.Fatal(err)
	}
	lock, err := lockFile(filepath.Join(dir, StateFolder, "signing.lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if _, err := RotateSigningKeys(t.Context(), dir, silent); err == nil || !strings.Contains(err.Error(), "somebody else") {
		t.Errorf("got %v", err)
	}
}

func TestBrokenSigningKeysAreNamed(t *testing.T) {
	dir := stateDir(t)
	secrets, err := ensureSecrets(dir, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	secrets[secretSigning] = "hunter2"
	if err := writePrivate(secretsFile(dir), secrets); err != nil {
		t.Fatal(err)
	}
	_, err = RotateSigningKeys(t.Context(), dir, silent)
	if err == nil || !strings.Contains(err.Error(), secretSigning) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v, want an error that names the secret and keeps it", err)
	}
	if kept, err := readSecrets(dir); err != nil || kept[secretSigning] != "hunter2" {
		t.Errorf("what could not be read was replaced (%v)", err)
	}
}
