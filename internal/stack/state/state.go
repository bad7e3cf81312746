// Package state is the folder .stoa, where a system keeps everything that outlives its processes.
package state

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Folder is the name of the folder, in the directory where the system runs.
const Folder = ".stoa"

// Path is the path of a file or folder in dir/.stoa.
func Path(dir string, elements ...string) string {
	return filepath.Join(dir, Folder, filepath.Join(elements...))
}

// ShortPath is path as messages show it: relative to the current folder if it is in that folder.
func ShortPath(path string) string {
	cwd, err := os.Getwd()
	if err != nil {
		return path
	}
	rel, err := filepath.Rel(cwd, path)
	if err != nil || strings.HasPrefix(rel, "..") {
		return path
	}
	return rel
}

// Write writes value as JSON to the file at path, which only its owner can read. A crash leaves the whole old file or the
// whole new one.
func Write(path string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // made with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	if _, err := file.Write(append(text, '\n')); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// ErrLocked means that another process has the lock.
var ErrLocked = errors.New("locked by another process")

// Lock takes the lock of the file at path. The lock ends when the file is closed or the process ends.
func Lock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrLocked
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
