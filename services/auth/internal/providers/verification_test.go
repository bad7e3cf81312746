package providers_test

import (
	"testing"

	"stoa/services/auth/internal/providers"
)

func TestVerifiesAddresses_followsTheMailBinding(t *testing.T) {
	yes, no := true, false
	for _, tt := range []struct {
		setting *bool
		mail    string
		want    bool
	}{
		{nil, "bindings.localstorage", false},
		{nil, "bindings.smtp", true},
		{nil, "", true},
		{&yes, "bindings.localstorage", true},
		{&no, "bindings.smtp", false},
	} {
		if got := providers.VerifiesAddresses(tt.setting, tt.mail); got != tt.want {
			t.Errorf("%v with %q: got %t", tt.setting, tt.mail, got)
		}
	}
}
