package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	cgroupRoot = "/sys/fs/cgroup"
	// prefix begins the names of the nodes' cgroups and folders; the pid of the test follows.
	prefix = "stoa-node-"
)

// abandoned says whether a name is that of something whose test has ended: it has the pid of nobody, or of this test, which has
// made nothing yet.
func abandoned(path string) bool {
	pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(path), prefix))
	return err == nil && (pid == os.Getpid() || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH))
}

// NewFolder makes the folder of this test. First it removes those of tests that were killed.
func NewFolder() (string, error) {
	old, err := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	if err != nil {
		return "", err
	}
	for _, dir := range old {
		if abandoned(dir) {
			if err := os.RemoveAll(dir); err != nil {
				return "", err
			}
		}
	}
	dir := filepath.Join(os.TempDir(), fmt.Sprint(prefix, os.Getpid()))
	return dir, os.Mkdir(dir, 0o711) // PostgreSQL, which is not root, finds its own folder in it
}

// hierarchies are the folders that a node's cgroup is made in: one, or one for each controller where cgroups have version 1.
func hierarchies() []string {
	if _, err := os.Stat(filepath.Join(cgroupRoot, "cgroup.controllers")); err == nil {
		return []string{cgroupRoot}
	}
	entries, _ := os.ReadDir(cgroupRoot)
	var all []string
	for _, entry := range entries {
		if _, err := os.Stat(filepath.Join(cgroupRoot, entry.Name(), "cgroup.clone_children")); err == nil && entry.Type()&fs.ModeSymlink == 0 {
			all = append(all, filepath.Join(cgroupRoot, entry.Name()))
		}
	}
	return all
}

// cgroups are those of this name in every hierarchy, also in the one that has no controllers, where runc makes some.
func cgroups(name string) []string {
	one, _ := filepath.Glob(filepath.Join(cgroupRoot, name))
	each, _ := filepath.Glob(filepath.Join(cgroupRoot, "*", name))
	return append(one, each...)
}

// makeCgroups makes the cgroups that the kubelet works in. First it removes those that a killed test has left behind.
func makeCgroups(name string) error {
	for _, path := range cgroups(prefix + "*") {
		if abandoned(path) {
			_ = removeCgroup(path) // what is in use belongs to somebody
		}
	}
	for _, hierarchy := range hierarchies() {
		if err := os.Mkdir(filepath.Join(hierarchy, name), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// removeCgroups removes them after their last process has ended, which the kernel may notice a moment later.
func removeCgroups(name string) error {
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		var failed error
		for _, path := range cgroups(name) {
			failed = errors.Join(failed, removeCgroup(path))
		}
		if failed == nil || time.Now().After(deadline) {
			return failed
		}
	}
}

// removeCgroup removes a cgroup and those in it, the innermost first. Their files cannot be removed, and need not be.
func removeCgroup(path string) error {
	var folders []string
	err := filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			folders = append(folders, path)
		}
		return nil // what is gone is gone
	})
	for _, folder := range slices.Backward(folders) {
		if failed := syscall.Rmdir(folder); failed != nil && !errors.Is(failed, syscall.ENOENT) {
			err = errors.Join(err, fmt.Errorf("%s: %w", folder, failed))
		}
	}
	return err
}
