package main

import (
	"bytes"
	"io"
	"os"
	"time"

	"stoa/internal/stack"
)

// logTail reads the new lines of a log.
type logTail struct {
	process string
	path    string
	offset  int64
	last    time.Time // the time of the last line that has one; lines without a time get it too
}

// read returns the new complete lines.
func (t *logTail) read() ([]entry, error) {
	file, err := os.Open(t.path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.Size() < t.offset {
		t.offset = 0 // the log was rotated
	}
	if _, err := file.Seek(t.offset, io.SeekStart); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	t.offset += int64(len(text))
	var entries []entry
	for line := range bytes.Lines(text) {
		entries = append(entries, t.entry(string(bytes.TrimSpace(line))))
	}
	return entries, nil
}

func (t *logTail) entry(text string) entry {
	if line := stack.ParseLogLine(text); !line.Time.IsZero() {
		t.last = line.Time
	}
	return entry{process: t.process, text: text, time: t.last}
}
