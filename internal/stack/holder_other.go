//go:build !linux

package stack

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// portHolder is the pid of the process that listens on a TCP port, 0 when it cannot be found out.
func portHolder(port int) int {
	out, _ := exec.Command("lsof", "-nP", "-t", fmt.Sprintf("-iTCP:%d", port), "-sTCP:LISTEN").Output()
	first, _, _ := strings.Cut(string(out), "\n")
	pid, _ := strconv.Atoi(first)
	return pid
}
