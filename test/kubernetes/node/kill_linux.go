package node

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// KillContainer ends the processes of a container by SIGKILL, as the kernel does when memory is short. The id is the one in the
// status of its pod.
func (n *Node) KillContainer(id string) error {
	_, id, found := strings.Cut(id, "://")
	if !found || id == "" { // which every process has in its groups
		return fmt.Errorf("%q is not the id of a container", id)
	}
	groups, err := filepath.Glob("/proc/[0-9]*/cgroup")
	if err != nil {
		return err
	}
	killed := 0
	for _, file := range groups {
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), id) {
			continue // it has ended, or is another's
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			return err
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err == nil {
			killed++
		}
	}
	if killed == 0 {
		return fmt.Errorf("no process is in the container %s", id)
	}
	return nil
}
