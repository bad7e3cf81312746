package web_test

import (
	"testing"

	"stoa/pkg/common/web"
)

func TestPrefersAsync(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "respond-async": true, "Respond-Async": true, "handling=strict, respond-async; x=1": true,
		"wait=10, RESPOND-ASYNC ": true, "no-respond-async": false, "respond-async-later": false, "handling=respond-async": false,
	} {
		if got := web.PrefersAsync(header); got != want {
			t.Errorf("%q: got %t", header, got)
		}
	}
}
