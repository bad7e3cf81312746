package handlers

import "testing"

func TestClient_isCountedUnderItsNetwork(t *testing.T) {
	for forwarded, want := range map[string]string{
		"10.0.0.1, 192.0.2.7":  "192.0.2.0/24",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"":                     "unknown",
		"192.0.2.7:80":         "unknown",
		"192.0.2.7, <script>":  "unknown",
	} {
		if got := (Client{Forwarded: forwarded}).from().Network; got != want {
			t.Errorf("%s: got %s, want %s", forwarded, got, want)
		}
	}
}
