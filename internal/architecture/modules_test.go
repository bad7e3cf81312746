package architecture

import (
	"regexp"
	"testing"
)

var (
	required  = regexp.MustCompile(`(?m)^(?:require )?\s+(\S+) (v\S+)`)
	goVersion = regexp.MustCompile(`(?m)^go (\S+)$`)
)

// versions are the modules that a go.mod requires, and the version of Go.
func versions(t *testing.T, path string) map[string]string {
	t.Helper()
	text := read(t, path)
	found := map[string]string{"go": goVersion.FindStringSubmatch(text)[1]}
	for _, match := range required.FindAllStringSubmatch(text, -1) {
		found[match[1]] = match[2]
	}
	return found
}

// What the programs and the sidecar share is downloaded and compiled once: a minute of a first start.
func TestModules_agreeOnVersions(t *testing.T) {
	ours, sidecar := versions(t, "go.mod"), versions(t, "tools/dapr/go.mod")
	shared := 0
	for module, version := range ours {
		other := sidecar[module]
		if other == "" {
			continue
		}
		shared++
		if other != version {
			t.Errorf("%s: go.mod has %s, tools/dapr/go.mod has %s; `go get` the newer one in both, then `go mod tidy`", module, version, other)
		}
	}
	if shared < 30 {
		t.Errorf("they share %d modules", shared)
	}
}

func TestModules_pinOneVersionOfDapr(t *testing.T) {
	pinned, official := versions(t, "tools/dapr/go.mod"), versions(t, "tools/dapr-official/go.mod")
	for _, module := range []string{"github.com/dapr/dapr", "github.com/dapr/components-contrib", "github.com/dapr/kit"} {
		if pinned[module] == "" || pinned[module] != official[module] {
			t.Errorf("%s: tools/dapr/go.mod has %s, tools/dapr-official/go.mod has %s", module, pinned[module], official[module])
		}
	}
}

// Tests of upgrades run sidecars of two versions side by side. Both have the same components.
func TestModules_pinTheVersionOfDaprBefore(t *testing.T) {
	now, former := versions(t, "tools/dapr/go.mod"), versions(t, "tools/dapr/former.mod")
	for module, version := range now {
		if same := version == former[module]; same == (module == "github.com/dapr/dapr") {
			t.Errorf("%s: tools/dapr/go.mod has %s, tools/dapr/former.mod has %s", module, version, former[module])
		}
	}
}
