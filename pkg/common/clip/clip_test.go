package clip

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestText_isShortAndValid(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"empty":          {"", ""},
		"short":          {"/api/v1/orders", "/api/v1/orders"},
		"just fits":      {strings.Repeat("x", Max), strings.Repeat("x", Max)},
		"long":           {strings.Repeat("x", 15000), strings.Repeat("x", Max-len("... (15000 bytes)")) + "... (15000 bytes)"},
		"half a letter":  {strings.Repeat("ж", 200), strings.Repeat("ж", 92) + "?... (400 bytes)"},
		"not in UTF-8":   {"a\xffb", "a?b"},
		"all not UTF-8":  {strings.Repeat("\xff", 150), "?"},
		"long, not that": {strings.Repeat("\x80", 300), "?... (300 bytes)"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Text(tt.text)
			if got != tt.want || len(got) > Max || !utf8.ValidString(got) {
				t.Errorf("got %q, %d bytes; want %q", got, len(got), tt.want)
			}
		})
	}
}
