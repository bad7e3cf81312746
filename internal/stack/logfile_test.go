package stack

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stoa/pkg/common/must"
)

func TestDeathReason_isTheLastLineOfTheMostSevereLevel(t *testing.T) {
	tests := map[string]struct{ log, want string }{
		"empty":             {"", ""},
		"fatal before rest": {`{"level":"fatal","msg":"no store"}` + "\n" + `{"level":"info","msg":"bye"}`, "no store"},
		"last of two":       {`{"level":"error","message":"one"}` + "\n" + `{"level":"error","message":"two"}`, "two"},
		"with its cause":    {`{"level":"error","message":"stopped","error":"port in use"}`, "stopped: port in use"},
		"panic":             {`{"level":"error","msg":"odd"}` + "\npanic: boom\n\ngoroutine 1 [running]:\nmain.main()", "panic: boom"},
		"plain text":        {"cannot open x\n", "cannot open x"},
		"text beats info":   {"usage: app\n" + `{"level":"info","msg":"bye"}`, "usage: app"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.log")
			write(t, path, "old: "+strings.Repeat("x", 100)+"\n"+test.log)
			if got := deathReason(path, 106); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestOpenLog_renamesALargeLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	write(t, path, "")
	must.Do(t, os.Truncate(path, logLimit+1))
	file, offset, err := openLog(path)
	if err != nil {
		t.Fatal(err)
	}
	file.Close()
	if offset != 0 {
		t.Errorf("the new log starts at %d", offset)
	}
	if info, err := os.Stat(path + ".1"); err != nil || info.Size() != logLimit+1 {
		t.Errorf("the old log: %v, %v", info, err)
	}
}

// A process continues to write to a log that is rotated.
func TestLogRotator_emptiesTheLogOfARunningProcess(t *testing.T) {
	dir := t.TempDir()
	path := LogFile(dir, "x")
	must.Do(t, os.MkdirAll(filepath.Dir(path), 0o700))
	log, _, err := openLog(path)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	must.Get(log.WriteString(strings.Repeat("x", logLimit+1)))(t)
	must.Do(t, (&logRotator{dir: dir}).rotate())
	must.Get(log.WriteString("fatal error: it continues\n"))(t)
	if info, err := os.Stat(path + ".1"); err != nil || info.Size() != logLimit+1 {
		t.Errorf("the old log: %v, %v", info, err)
	}
	if got, want := deathReason(path, logLimit+1), "fatal error: it continues"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
