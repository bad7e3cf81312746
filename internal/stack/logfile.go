package stack

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"stoa/internal/stack/state"
)

const (
	// logLimit is the size above which a log is rotated. One older file is kept.
	logLimit = 16 << 20
	// reasonTail is how much of a log's end is searched for the reason why a process died.
	reasonTail = 64 << 10
)

// LogLine is one line of a log.
type LogLine struct {
	Time    time.Time `json:"time"`
	Level   string    `json:"level"`
	Message string    `json:"message"`
}

// ParseLogLine reads a line of JSON, as apps and sidecars write it. Any other text becomes a message without a time.
func ParseLogLine(text string) LogLine {
	var fields struct {
		LogLine
		Msg   string          `json:"msg"`
		Error json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		return LogLine{Message: text}
	}
	line := fields.LogLine
	if line.Message == "" {
		line.Message = fields.Msg
	}
	if len(fields.Error) > 0 {
		line.Message = strings.TrimPrefix(line.Message+": "+strings.Trim(string(fields.Error), `"`), ": ")
	}
	return line
}

// weight says how likely it is that the line is the reason why a process died.
func (l LogLine) weight() int {
	switch l.Level {
	case "fatal", "panic":
		return 3
	case "error":
		return 2
	case "":
		if strings.HasPrefix(l.Message, "panic:") || strings.HasPrefix(l.Message, "fatal error:") {
			return 3
		}
		if strings.HasPrefix(strings.ToLower(l.Message), "error") {
			return 2
		}
		return 1
	}
	return 0
}

// LogFile is the log of a process in the state directory dir.
func LogFile(dir, process string) string {
	return state.Path(dir, "logs", process+".log")
}

// LogFiles lists the logs in the state directory dir by process.
func LogFiles(dir string) (map[string]string, error) {
	paths, err := filepath.Glob(LogFile(dir, "*"))
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, path := range paths {
		files[strings.TrimSuffix(filepath.Base(path), ".log")] = path
	}
	return files, nil
}

// openLog opens a log for appending, and returns its size. Before that, it renames a log that is too large.
func openLog(path string) (*os.File, int64, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > logLimit {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, 0, err
		}
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, 0, err
	}
	return file, info.Size(), nil
}

// deathReason is the line after offset that most likely says why a process died: the last one with the highest weight. It is
// empty if nothing was logged.
func deathReason(path string, offset int64) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil {
		if offset > info.Size() {
			offset = 0 // the log was rotated
		}
		offset = max(offset, info.Size()-reasonTail)
	}
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		return ""
	}
	var best LogLine
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, reasonTail)
	for lines.Scan() {
		line := ParseLogLine(strings.TrimSpace(lines.Text()))
		if line.Message != "" && line.weight() >= best.weight() {
			best = line
		}
	}
	return shorten(best.Message, 400)
}

// says reports whether a log has a text after offset.
func says(path string, offset int64, text string) bool {
	log, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	if offset > int64(len(log)) {
		offset = 0 // the log was rotated
	}
	return bytes.Contains(log[offset:], []byte(text))
}

// shorten cuts text to one line of at most limit bytes.
func shorten(text string, limit int) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + " ..."
}
