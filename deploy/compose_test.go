// Package deploy has no code of its own: its test reads what Docker Compose is given. What can only be seen on running
// containers is in test/compose.
package deploy

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"stoa/pkg/common/must"
)

// file is what the test reads of docker-compose.yml and its overlays.
type file struct {
	Services map[string]struct {
		Image       string            `yaml:"image"`
		Environment map[string]string `yaml:"environment"`
		Volumes     []string          `yaml:"volumes"`
		HealthCheck map[string]any    `yaml:"healthcheck"`
	} `yaml:"services"`
	Volumes map[string]any `yaml:"volumes"`
}

// read reads a YAML file.
func read[T any](t *testing.T, path string) (document T) {
	t.Helper()
	if err := yaml.Unmarshal(must.Get(os.ReadFile(path))(t), &document); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return document
}

// overlays are those that bring a broker or a store. The one that puts Kong in the gateway's place is in kong_test.go.
func overlays(t *testing.T) map[string]file {
	t.Helper()
	paths, err := filepath.Glob("compose/*.yml")
	if err != nil || len(paths) < 2 {
		t.Fatalf("no overlays: %v", err)
	}
	all := map[string]file{}
	for _, path := range paths {
		if path != kongOverlay {
			all[path] = read[file](t, path)
		}
	}
	return all
}

// ours are the images that are made here; nothing else may be asked for by docker-compose.yml. Their host makes sure that
// they are never looked for in a public registry.
var ours = []string{"localhost/stoa/apps", "localhost/stoa/sidecar"}

func TestCompose_nothingIsPulledByDefault(t *testing.T) {
	for name, service := range read[file](t, "../docker-compose.yml").Services {
		if !slices.Contains(ours, service.Image) {
			t.Errorf("%s is made from %s", name, service.Image)
		}
	}
	for _, image := range ours {
		text, err := os.ReadFile(filepath.Base(image) + ".Dockerfile")
		if err != nil || !regexp.MustCompile(`(?m)^FROM scratch$`).Match(text) || strings.Count(string(text), "FROM ") != 1 {
			t.Errorf("%s is not made from nothing: %v", image, err)
		}
	}
}

// folders are what a service mounts in place of the bus, the store or the base, by where it sees them.
func folders(volumes []string) map[string]string {
	mounts := map[string]string{}
	for _, volume := range volumes {
		if parts := strings.Split(volume, ":"); len(parts) > 1 && strings.HasPrefix(parts[0], "./components/") {
			mounts[parts[1]] = parts[0]
		}
	}
	return mounts
}

func TestOverlays_bringAServerThatIsPinnedAndWatched(t *testing.T) {
	known := read[file](t, "../docker-compose.yml").Services
	for path, f := range overlays(t) {
		brought := 0
		for name, service := range f.Services {
			if _, ours := known[name]; ours {
				continue
			}
			brought++
			if !regexp.MustCompile(`:v?\d+\.\d+\.?\d*(-[a-z]+)?$`).MatchString(service.Image) {
				t.Errorf("%s: the version of %s is not pinned", path, service.Image)
			}
			if service.HealthCheck == nil {
				t.Errorf("%s: nothing tells whether %s works", path, name)
			}
			if volume, _, _ := strings.Cut(strings.Join(service.Volumes, ""), ":"); !slices.Contains(slices.Collect(maps.Keys(f.Volumes)), volume) {
				t.Errorf("%s: the data of %s is in %q, which is no volume", path, name, volume)
			}
		}
		if brought != 1 {
			t.Errorf("%s brings %d servers, want 1", path, brought)
		}
	}
}

// firstStart are the secrets that every first start makes.
var firstStart = []string{"NATS_URL", "AUTH_SIGNING_KEY", "AUTH_BOOTSTRAP", "NOTIFICATION_LINK_KEYS", "WEB_COOKIE_KEYS"}

var (
	secretName = regexp.MustCompile(`secretKeyRef:\s*\{\s*name:\s*(\w+)`)
	password   = regexp.MustCompile(`(?i)(password|pass)\b|://\w+:`)
)

func TestOverlays_giveTheSecretsThatTheirFoldersName(t *testing.T) {
	for path, f := range overlays(t) {
		given := f.Services["init"].Environment
		needed := slices.Clone(firstStart)
		for _, folder := range folders(f.Services["order-api-sidecar"].Volumes) {
			needed = append(needed, secretsOf(t, folder)...)
		}
		for _, name := range needed {
			if _, ok := given["STOA_SECRET_"+name]; !ok && !slices.Contains(firstStart, name) {
				t.Errorf("%s does not give the secret %s, which its components need", path, name)
			}
		}
		for name, value := range given {
			secret := strings.TrimPrefix(name, "STOA_SECRET_")
			if !slices.Contains(needed, secret) {
				t.Errorf("%s gives the secret %s, which no component of its folders needs", path, secret)
			}
			if password.MatchString(name+"="+value) && !strings.Contains(value, "$$SERVER_PASSWORD") {
				t.Errorf("%s holds a password in %s", path, name)
			}
		}
	}
}

// secretsOf lists the secrets that the components of a folder name.
func secretsOf(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", folder, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Errorf("%s has no components: %v", folder, err)
	}
	var names []string
	for _, file := range files {
		text := must.Get(os.ReadFile(file))(t)
		for _, match := range secretName.FindAllStringSubmatch(string(text), -1) {
			names = append(names, match[1])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
