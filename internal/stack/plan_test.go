package stack

import (
	"path/filepath"
	"slices"
	"testing"

	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
)

func repository(t *testing.T) *description.System {
	t.Helper()
	system, err := description.Load(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return system
}

// withBase is the stack of the repository on a base, not started.
func withBase(t *testing.T, base string) *Stack {
	t.Helper()
	s, err := New(repository(t), Options{Dir: stateDir(t), Base: base, Daprd: fake, Broker: []string{stoa}, Scale: repository(t).NoApps()})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPlan_givesSecretsToSidecarsOnly(t *testing.T) {
	s := withBase(t, "server")
	t.Setenv("SMTP_USER", "me")
	values, err := secrets.Ensure(s.Dir(), 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range (&planner{secrets: s.latestSecrets(values)}).app(s.system.Apps[0], 1) {
		if has := slices.Contains(spec.environment(), "SMTP_USER=me"); has != (spec.kind == KindSidecar) {
			t.Errorf("%s has the secrets in its environment: %v", spec.name, has)
		}
	}
}

func TestPlan_readsSecretsAgainAtEveryStart(t *testing.T) {
	s := withBase(t, "server")
	values, err := secrets.Ensure(s.Dir(), 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	sidecar := (&planner{secrets: s.latestSecrets(values)}).app(s.system.Apps[0], 1)[0]
	if _, err := RotateSigningKeys(t.Context(), s.Dir(), func(string) {}); err != nil {
		t.Fatal(err)
	}
	rotated, err := secrets.Read(s.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(sidecar.environment(), secrets.SigningKey+"="+rotated[secrets.SigningKey]) {
		t.Error("the sidecar would start with the old keys")
	}
}
