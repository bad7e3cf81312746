package secrets

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stoa/internal/stack/description"
	"stoa/pkg/common/must"
)

// load reads folders of the repository's components.
func load(t *testing.T, folders ...string) []description.Resource {
	t.Helper()
	for i := range folders {
		folders[i] = filepath.Join("..", "..", "..", "components", folders[i])
	}
	return must.Get(description.LoadResources(folders...))(t)
}

func TestCheckReferences_namesAMissingSecret(t *testing.T) {
	resources, dir := load(t, "store/postgres", "base/local"), stateDir(t)
	err := ensure(t, dir, 0, nil).CheckReferences(dir, resources)
	for _, want := range []string{"secrets.json", "POSTGRES_URL", "postgres/auth.yaml", "postgres://user:password@"} {
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want one line with %s", err, want)
		}
	}
	values := ensure(t, dir, 0, map[string]string{"POSTGRES_URL": "postgres://x"})
	if err := values.CheckReferences(dir, resources); err != nil {
		t.Errorf("with the secret: %v", err)
	}
}

func TestForEnvironment_prefersTheOperatorsVariables(t *testing.T) {
	stored := Values{BrokerURL: "nats://stored", "SMTP_HOST": "stored", "SMTP_PORT": "1025"}
	t.Setenv("SMTP_HOST", "mine")
	t.Setenv("SMTP_USER", "me")
	t.Setenv(BrokerURL, "nats://elsewhere")
	if got := stored.ForEnvironment(load(t, "base/local"), true); got != nil {
		t.Errorf("base/local reads a file, but the environment got %v", got)
	}
	values := stored.ForEnvironment(load(t, "base/server"), true)
	for name, want := range map[string]string{
		"SMTP_HOST": "mine", "SMTP_PORT": "1025", "SMTP_USER": "me", BrokerURL: "nats://stored", "HOME": "",
	} {
		if values[name] != want {
			t.Errorf("%s: got %q, want %q", name, values[name], want)
		}
	}
}

// connections are the settings that say where a server is and how to sign in.
var connections = []string{"natsURL", "redisHost", "redisPassword", "brokers", "connectionString"}

// A component reaches its server by secrets, and each of them has a default or an example.
func TestReferences_haveADefaultOrAnExample(t *testing.T) {
	folders, err := filepath.Glob("../../../components/[bs][ut]*/*") // bus and store
	if err != nil || len(folders) < 8 {
		t.Fatalf("only %v, %v", folders, err)
	}
	for _, folder := range folders {
		for _, c := range load(t, strings.TrimPrefix(folder, "../../../components/")) {
			kind, _, _ := strings.Cut(c.Spec.Type, ".")
			if kind != "pubsub" && kind != "state" || c.Spec.Type == "state.sqlite" {
				continue
			}
			if references := checkReferences(t, c); references == 0 && c.Spec.Type != description.JetStream {
				t.Errorf("%s: no secret says where its server is", c.File)
			}
		}
	}
}

// checkReferences counts the references to secrets, without those of the embedded broker.
func checkReferences(t *testing.T, c description.Resource) (references int) {
	t.Helper()
	for _, m := range c.Spec.Metadata {
		name := m.SecretKeyRef.Name
		if name == "" && slices.Contains(connections, m.Name) {
			t.Errorf("%s: %s has to come from a secret", c.File, m.Name)
		}
		if name == "" || name == BrokerURL {
			continue
		}
		references++
		_, hasDefault := defaults[name]
		_, hasExample := examples[name]
		if hasDefault == hasExample {
			t.Errorf("%s: the secret %s has a default: %v, and an example: %v; want one of them", c.File, name, hasDefault, hasExample)
		}
	}
	return references
}
