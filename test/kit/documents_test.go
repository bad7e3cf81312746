package kit

import (
	"strings"
	"testing"
)

func TestSidecar_servesSecretsAndBindings(t *testing.T) {
	t.Parallel()
	s := start(t, "auth", "notification")
	side := s.open("auth")
	if value, err := side.Secret(t.Context(), "AUTH_BOOTSTRAP"); err != nil || !strings.HasPrefix(value, "{") {
		t.Errorf("got %d characters, %v", len(value), err)
	}
	// Not even to auth a sidecar hands out what only its components need.
	for _, name := range []string{"NATS_URL", "NO_SUCH_SECRET"} {
		if _, err := side.Secret(t.Context(), name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want an error that names the secret", err)
		}
	}
	side = s.open("notification")
	if err := side.Send(t.Context(), "mail", []byte("hello"), map[string]string{"fileName": "a.eml"}); err != nil {
		t.Error(err)
	}
}
