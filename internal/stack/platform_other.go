//go:build !linux

package stack

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// startTime is when a process began; empty after its end. It tells processes with the same pid apart.
func startTime(pid int) string { return ps(pid, "lstart=") }

// memory is the resident size of a process in bytes, 0 after its end.
func memory(pid int) int64 {
	kilobytes, _ := strconv.ParseInt(ps(pid, "rss="), 10, 64)
	return kilobytes << 10
}

// commandLine is the command of a process.
func commandLine(pid int) string { return ps(pid, "command=") }

func ps(pid int, column string) string {
	out, _ := exec.Command("ps", "-o", column, "-p", strconv.Itoa(pid)).Output()
	return strings.TrimSpace(string(out))
}

// listenerPID is the pid of the process that listens on a TCP port, 0 when it is unknown.
func listenerPID(port int) int {
	out, _ := exec.Command("lsof", "-nP", "-t", fmt.Sprintf("-iTCP:%d", port), "-sTCP:LISTEN").Output()
	first, _, _ := strings.Cut(string(out), "\n")
	pid, _ := strconv.Atoi(first)
	return pid
}

// dieWithParent does nothing, because only Linux can do this. The next start ends processes that were left running.
func dieWithParent(*syscall.SysProcAttr) {}
