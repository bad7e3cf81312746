package main

import (
	"strings"
	"testing"
	"unicode"
)

// Untrusted senders choose paths, names and error texts. On a terminal these must not move the cursor, change colours, or
// look like a line of another process.
func TestReadable_replacesControlCharacters(t *testing.T) {
	for name, text := range map[string]string{
		"a path":       `{"time":"2026-01-02T03:04:05Z","level":"info","message":"request","path":"/x\u001b[2J\r\nforged | line"}`,
		"a message":    `{"time":"2026-01-02T03:04:05Z","level":"info","message":"a\u001b]0;title\u0007"}`,
		"an error":     `{"time":"2026-01-02T03:04:05Z","level":"info","message":"a","error":"b\u009b31m"}`,
		"a plain line": "panic: \x1b[31mred",
	} {
		got := readable(text)
		if strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("%s: got %q", name, got)
		}
	}
	if got := readable("\tmain.go:12"); got != "\tmain.go:12" {
		t.Errorf("the lines of a stack trace keep their indentation: got %q", got)
	}
}
