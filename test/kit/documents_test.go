package kit

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stoa/internal/stack/state"
	"stoa/pkg/common/must"
)

// The clean-up of SQLite holds the lock of writers, so it must not read documents that never expire. It is the query of Dapr's
// component that takes this index; EXPLAIN QUERY PLAN says so.
func TestStore_hasAnIndexOfWhatExpires(t *testing.T) {
	if os.Getenv("STOA_DAPRD") != "" {
		t.Skip("NOT TESTED: STOA_DAPRD names another sidecar, and only our own makes this index")
	}
	t.Parallel()
	s := start(t, "order-worker")
	s.open("order-worker")
	var stored []byte
	for _, path := range must.Get(filepath.Glob(state.Path(s.Dir(), "data", "order.db*")))(t) {
		stored = append(stored, must.Get(os.ReadFile(path))(t)...)
	}
	const index = "INDEX state_expiration ON state (expiration_time) WHERE expiration_time IS NOT NULL"
	if !bytes.Contains(stored, []byte(index)) {
		t.Errorf("the %d bytes of the store have no %s", len(stored), index)
	}
}

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
