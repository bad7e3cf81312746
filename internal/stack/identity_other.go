//go:build !linux

package stack

import (
	"os/exec"
	"strconv"
	"strings"
)

// startTime tells apart two processes that had the same pid: when the process began.
func startTime(pid int) string { return ps(pid, "lstart=") }

// memory is the resident size of a process in bytes, 0 when it is gone.
func memory(pid int) int64 {
	kilobytes, _ := strconv.ParseInt(ps(pid, "rss="), 10, 64)
	return kilobytes << 10
}

// commandLine is the command with which a process was started.
func commandLine(pid int) string { return ps(pid, "command=") }

func ps(pid int, column string) string {
	out, _ := exec.Command("ps", "-o", column, "-p", strconv.Itoa(pid)).Output()
	return strings.TrimSpace(string(out))
}
