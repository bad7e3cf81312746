package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// serversName is how results call the servers of a system.
const serversName = "servers"

// cpu is the CPU time of every process, with that of the system's own servers.
func (b *shop) cpu() (usage, error) {
	used, err := b.system.cpu()
	for _, server := range b.servers {
		for _, pid := range server.PIDs() {
			spent, failed := cpuOfTree(pid)
			err = errors.Join(err, failed)
			used[serversName] += spent
		}
	}
	return used, err
}

// cpuOfTree is the CPU time of a process and of its children, those that have ended included.
func cpuOfTree(root int) (time.Duration, error) {
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	spent, children := map[int]time.Duration{}, map[int][]int{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) || err != nil && strings.Contains(err.Error(), "no such process") {
			continue // it has ended
		}
		if err != nil {
			return 0, err
		}
		pid, err := strconv.Atoi(strings.Split(path, "/")[2])
		if err != nil {
			return 0, err
		}
		// The name is in brackets and may contain spaces. The parent is the 2nd field after it. utime, stime and those of children that
		// have ended are the 12th to 15th.
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		parent, err := strconv.Atoi(fields[1])
		if err != nil {
			return 0, err
		}
		children[parent] = append(children[parent], pid)
		for _, field := range fields[11:15] {
			ticks, err := strconv.Atoi(field)
			if err != nil {
				return 0, fmt.Errorf("%s: %w", path, err)
			}
			spent[pid] += time.Duration(ticks) * tick
		}
	}
	return sumTree(root, spent, children), nil
}

func sumTree(pid int, spent map[int]time.Duration, children map[int][]int) time.Duration {
	sum := spent[pid]
	for _, child := range children[pid] {
		sum += sumTree(child, spent, children)
	}
	return sum
}
