package kit

import (
	"fmt"
	"strings"
	"testing"

	"stoa/pkg/common/must"
	"stoa/pkg/sidecar"
	"stoa/test/system"
)

func TestIndex_losesNothingOnARealStore(t *testing.T) {
	t.Parallel()
	s := start(t, "order-worker")
	index := sidecar.NewIndex(s.open("order-worker"), "order-store", "list")
	system.AtOnce(4, func(writer int) {
		for i := range 60 {
			if err := index.Add(t.Context(), "a", fmt.Sprintf("%d-%d", writer, i)); err != nil {
				t.Error(err)
			}
		}
	})
	seen := map[string]bool{}
	for cursor := (sidecar.Cursor{}); ; {
		ids, next, err := index.Read(t.Context(), "a", cursor, 50)
		must.Do(t, err)
		for _, id := range ids {
			seen[id] = true
		}
		if cursor = next; next.String() == "" {
			break
		}
	}
	if len(seen) != 240 {
		t.Errorf("got %d entries, want 240", len(seen))
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
