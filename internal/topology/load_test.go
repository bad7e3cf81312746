package topology

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stoa/pkg/common/must"
)

// edited is a repository with the description of this one, in which one text takes the place of another.
func edited(t *testing.T, old, new string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{File, "dapr.yaml", documented[0].file, documented[1].file} {
		text := must.Get(os.ReadFile(filepath.Join(root, name)))(t)
		if name == File && !strings.Contains(string(text), old) {
			t.Fatalf("%s does not contain %q", name, old)
		}
		if name == File {
			text = []byte(strings.Replace(string(text), old, new, 1))
		}
		must.Do(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		must.Do(t, os.WriteFile(filepath.Join(dir, name), text, 0o644))
	}
	return dir
}

func TestLoad_saysWhatIsWrong(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"an unknown field":      {"  carries: [dead", "  carrries: [dead", "line"},
		"an unknown publisher":  {"from: [order-api]", "from: [baker]", `topic order-placed names the app "baker"`},
		"an unknown app":        {"  auth: {about", "  baker: {about: bread}\n  auth: {about", "baker is not in dapr.yaml"},
		"an app without words":  {"  auth: {about", "  auth: {package", "auth of dapr.yaml needs"},
		"an unknown callee":     {"to: inventory-worker, operation", "to: baker, operation", `to "baker"`},
		"a topic twice":         {"- name: stock", "- name: order-placed", "order-placed is described twice"},
		"a store without words": {"about: The fulfilment", "apps: [auth], name2: The", "line"},
		"a bus like nothing":    {"like: nats", "like: pigeon", "nats-and-redis needs"},
		"a mixture of mixtures": {"like: nats", "like: nats-and-redis", "nats-and-redis needs"},
		"a base without mail":   {"        mail:\n          about: \"", "        post:\n          about: \"", "local: the settings of mail are missing"},
		"an odd setting":        {"natsURL: {secret: NATS_URL}", "natsURL: {secrets: NATS_URL}", "natsURL is neither"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(edited(t, test.old, test.new))
			if err == nil || !strings.Contains(err.Error(), File) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want one that names %s and says %s", err, File, test.want)
			}
		})
	}
}

func TestFiles_writeATopicFromOneEntry(t *testing.T) {
	const entry = "topics:\n  - {name: cakes, about: Cakes are baked., carries: [cake.baked], from: [auth], to: [order-api]}\n"
	files := must.Get(Files(edited(t, "topics:\n", entry)))(t)
	for name, want := range map[string]string{
		"components/bus/nats/cakes.yaml":           "value: auth=cakes;backoffice=cakes\n",
		"components/bus/nats-and-redis/cakes.yaml": "type: pubsub.jetstream\n",
		"components/bus/redis/resiliency.yaml":     "pubsub-cakes: {outbound",
		"components/bus/kafka/dead-letters.yaml":   "order-api=dead-letters;",
		"components/config/apps/order-api.yaml":    "name: subscribe",
		"docs/architecture.md":                     "| `cakes` | `cake.baked` | auth | order-api |",
	} {
		if !strings.Contains(string(files[name]), want) {
			t.Errorf("%s does not say %q", name, want)
		}
	}
}
