package stack

import (
	"path/filepath"
	"slices"
	"testing"

	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
	"stoa/pkg/common/must"
)

func repository(t *testing.T) *description.System {
	t.Helper()
	return must.Get(description.Load(filepath.Join("..", "..")))(t)
}

// withBase is the stack of the repository on a base, with the secrets of a first start.
func withBase(t *testing.T, base string) (*Stack, secrets.Values) {
	t.Helper()
	dir, values := firstStart(t)
	s := must.Get(New(repository(t), Options{Dir: dir, Base: base, Daprd: fake, Broker: []string{stoa}, Scale: repository(t).NoApps()}))(t)
	return s, values
}

func TestPlan_givesSecretsToSidecarsOnly(t *testing.T) {
	s, values := withBase(t, "server")
	t.Setenv("SMTP_USER", "me")
	for _, spec := range (&planner{secrets: s.latestSecrets(values)}).app(s.system.Apps[0], 1) {
		if has := slices.Contains(spec.environment(), "SMTP_USER=me"); has != (spec.kind == KindSidecar) {
			t.Errorf("%s has the secrets in its environment: %v", spec.name, has)
		}
	}
}

// What the documentation says can be set in the environment reaches the processes; OTEL_SERVICE_NAME would name them all alike.
func TestPlan_passesOnTheSettingsOfTheOperator(t *testing.T) {
	for name, passed := range map[string]bool{
		"OTEL_EXPORTER_OTLP_ENDPOINT": true, "OTEL_TRACES_SAMPLER": true, "OTEL_TRACES_SAMPLER_ARG": true, "GOGC": true, "GOMEMLIMIT": true,
		"OTEL_SERVICE_NAME": false,
	} {
		t.Setenv(name, "0.1")
		if has := slices.Contains(inherited(), name+"=0.1"); has != passed {
			t.Errorf("%s is passed on: %v", name, has)
		}
	}
}

func TestPlan_readsSecretsAgainAtEveryStart(t *testing.T) {
	s, values := withBase(t, "server")
	sidecar := (&planner{secrets: s.latestSecrets(values)}).app(s.system.Apps[0], 1)[0]
	must.Get(RotateSigningKeys(t.Context(), s.Dir(), silent))(t)
	rotated := must.Get(secrets.Read(s.Dir()))(t)
	if !slices.Contains(sidecar.environment(), secrets.SigningKey+"="+rotated[secrets.SigningKey]) {
		t.Error("the sidecar would start with the old keys")
	}
}
