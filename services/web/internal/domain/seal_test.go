package domain_test

import (
	"strings"
	"testing"

	"stoa/pkg/common/must"
	"stoa/services/web/internal/domain"
)

func TestSealer_opensWhatItSealed(t *testing.T) {
	old, later := strings.Repeat("A", 43), strings.Repeat("B", 42)+"A"
	before := must.Get(domain.NewSealer(old))(t)
	after := must.Get(domain.NewSealer(later + " " + old))(t)
	sealed := before.Seal("session", []byte("secret"))
	if plain, ok := after.Open("session", sealed); !ok || string(plain) != "secret" {
		t.Errorf("got %q, %v", plain, ok)
	}
	for name, text := range map[string]string{"nothing": "", "noise": "abc", "changed": "A" + sealed[1:], "not base64": "%%", "by a later key": after.Seal("session", nil)} {
		if plain, ok := before.Open("session", text); ok && text != sealed {
			t.Errorf("%s: got %q", name, plain)
		}
	}
	if _, ok := after.Open("cart", sealed); ok {
		t.Error("it was opened for another purpose")
	}
	for _, keys := range []string{"", "short", old + " short", strings.Repeat("A", 44)} {
		if _, err := domain.NewSealer(keys); err == nil {
			t.Errorf("the keys %q were taken", keys)
		}
	}
}
