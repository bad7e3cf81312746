package system

import (
	"bufio"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"stoa/internal/stack"
)

// shownLines is how many lines of each log a test shows when it fails.
const shownLines = 15

// complaint matches a line of a log that is a warning, or worse.
var complaint = regexp.MustCompile(`"level":"(warn|error|fatal|panic)|level=(warning|error|fatal)|^(panic|fatal error): `)

// Folder makes a folder for a system. It is removed after the test, unless the test fails: then the test shows what the
// processes complained about at last, and keeps the folder for its logs.
func Folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "stoa-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := RemoveFolder(dir, t.Failed()); err != nil {
			t.Log(err)
		}
	})
	return dir
}

// RemoveFolder removes the folder of a system. After a failure it keeps the folder, and returns an error that says where it is,
// and what the processes complained about at last.
func RemoveFolder(dir string, failed bool) error {
	if !failed {
		return os.RemoveAll(dir)
	}
	logs, err := stack.LogFiles(dir)
	if err != nil {
		return err
	}
	var words strings.Builder
	for _, process := range slices.Sorted(maps.Keys(logs)) {
		for _, line := range lastComplaints(logs[process]) {
			fmt.Fprintf(&words, "\n%s: %s", process, line)
		}
	}
	return errors.New("the state and the logs are kept in " + dir + words.String())
}

// lastComplaints returns the last warnings and errors of a log.
func lastComplaints(path string) (lines []string) {
	file, err := os.Open(path)
	if err != nil {
		return []string{err.Error()}
	}
	defer file.Close()
	all := bufio.NewScanner(file)
	all.Buffer(nil, 1<<20)
	for all.Scan() {
		if complaint.MatchString(all.Text()) {
			lines = append(lines, all.Text())
		}
	}
	return lines[max(0, len(lines)-shownLines):]
}
