package stack

import (
	"context"
	"slices"
	"strings"
	"testing"
)

// withBase is the stack of the repository on a base, not started.
func withBase(t *testing.T, base string) *Stack {
	t.Helper()
	s := &Stack{options: Options{Base: base}}
	if err := s.chooseApps(repository(t)); err != nil {
		t.Fatal(err)
	}
	if err := s.loadResources(); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestServerBaseHasTheNamesOfTheLocalOne(t *testing.T) {
	desc := repository(t)
	local, server := load(t, desc, "base/local"), load(t, desc, "base/server")
	for name, c := range local {
		if r := server[name]; r.Name() == "" || !slices.Equal(r.Scopes, c.Scopes) {
			t.Errorf("%s is scoped to %v, in base/local to %v", name, r.Scopes, c.Scopes)
		}
	}
	if apps := server[configurationStore].Scopes; len(apps) > 0 {
		t.Errorf("%s is for %v alone", configurationStore, apps)
	}
	if len(server) != len(local)+1 {
		t.Errorf("%d components, want those of base/local and %s", len(server), configurationStore)
	}
	for _, setting := range []string{"host", "port", "user", "password"} {
		if server["mail"].Value(setting) != "" {
			t.Errorf("mail: %s has to come from a secret", setting)
		}
	}
	for _, setting := range []string{"redisHost", "redisPassword"} {
		if server[configurationStore].Value(setting) != "" {
			t.Errorf("%s: %s has to come from a secret", configurationStore, setting)
		}
	}
}

func TestSecretsGoIntoTheEnvironmentWhereTheyAreReadThere(t *testing.T) {
	stored := map[string]string{secretBroker: "nats://stored", "SMTP_HOST": "stored", "SMTP_PORT": "1025"}
	t.Setenv("SMTP_HOST", "mine")
	t.Setenv("SMTP_USER", "me")
	t.Setenv(secretBroker, "nats://elsewhere")
	if got := withBase(t, "local").environmentSecrets(stored); got != nil {
		t.Errorf("base/local reads a file, but the environment got %v", got)
	}
	s := withBase(t, "server")
	secrets := s.environmentSecrets(stored)
	for name, want := range map[string]string{
		"SMTP_HOST": "mine", "SMTP_PORT": "1025", "SMTP_USER": "me", secretBroker: "nats://stored", "HOME": "",
	} {
		if secrets[name] != want {
			t.Errorf("%s: got %q, want %q", name, secrets[name], want)
		}
	}
	for _, spec := range (&planner{secrets: s.latestSecrets(stored)}).app(s.apps[0], 1) {
		if has := slices.Contains(spec.environment(), "SMTP_USER=me"); has != (spec.kind == KindSidecar) {
			t.Errorf("%s has the secrets in its environment: %v", spec.name, has)
		}
	}
}

// A sidecar that restarts gets the secrets as they are then.
func TestSecretsOfTheEnvironmentAreReadAtEveryStart(t *testing.T) {
	s := withBase(t, "server")
	s.options.Dir = stateDir(t)
	stored, err := ensureSecrets(s.options.Dir, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	sidecar := (&planner{secrets: s.latestSecrets(stored)}).app(s.apps[0], 1)[0]
	if _, err := RotateSigningKeys(t.Context(), s.options.Dir, func(string) {}); err != nil {
		t.Fatal(err)
	}
	rotated, err := readSecrets(s.options.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(sidecar.environment(), secretSigning+"="+rotated[secretSigning]) {
		t.Error("the sidecar would start with the keys of before")
	}
}

func TestTheDoctorSaysWhereSettingsCanBeChanged(t *testing.T) {
	if f := checkLive(withBase(t, "local").resources); f.Severity != Note || !strings.Contains(f.Advice, "--base server") {
		t.Errorf("base/local: got %+v", f)
	}
	if f := checkLive(withBase(t, "server").resources); f.Severity != Fine || !strings.Contains(f.What, "configuration.redis") {
		t.Errorf("base/server: got %+v", f)
	}
	findings := Diagnose(context.Background(), repository(t).Root)
	if !slices.ContainsFunc(findings, func(f Finding) bool { return strings.Contains(f.What, "no live configuration") }) {
		t.Errorf("the doctor says nothing of it: %v", findings)
	}
}
