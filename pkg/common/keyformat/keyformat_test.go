package keyformat_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"stoa/pkg/common/ids"
	"stoa/pkg/common/keyformat"
)

func TestParse_findsTheIDOfEveryKey(t *testing.T) {
	seen := map[string]bool{}
	for _, want := range []string{
		"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", ids.New(), ids.Derive("a"),
	} {
		for range 100 {
			text := keyformat.New(want)
			id, prefix, ok := keyformat.Parse(text)
			if !ok || id != want || !strings.HasPrefix(text, prefix) || len(prefix) != 27 {
				t.Fatalf("%s: got %s, %s, %v; want %s", text, id, prefix, ok, want)
			}
			if seen[text] || strings.Trim(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") != "" {
				t.Fatalf("%s is there twice, or not one word", text)
			}
			seen[text] = true
		}
	}
}

// A key with one wrong byte is refused: a CRC of 32 bits finds every such error.
func TestParse_refusesTypos(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(keyformat.New(ids.New()))
		at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		wrong := rapid.Byte().Filter(func(b byte) bool { return b != text[at] }).Draw(t, "byte")
		text[at] = wrong
		if _, _, ok := keyformat.Parse(string(text)); ok {
			t.Fatalf("%q is accepted", text)
		}
	})
}

func TestParse_refusesInventedKeys(t *testing.T) {
	key := keyformat.New(ids.New())
	for name, text := range map[string]string{
		"nothing":         "",
		"the mark alone":  "stoa_",
		"too short":       key[:len(key)-1],
		"too long":        key + "0",
		"of another form": "stoa_0123456789abcdefghijklmnopqrstuv",
		"upper case":      strings.ToUpper(key),
		"spaces around":   " " + key + " ",
		"all zeros":       "stoa_" + strings.Repeat("0", len(key)-len("stoa_")),
		"very long":       strings.Repeat(key, 1000),
	} {
		if id, prefix, ok := keyformat.Parse(text); ok || id != "" || prefix != "" {
			t.Errorf("%s: got %s, %s, %v", name, id, prefix, ok)
		}
	}
}
