package architecture

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"stoa/internal/stack/description"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
)

// Our sidecar has the components that the YAML names, and the list of them names no type twice.
func TestSidecar_hasEveryComponentThatIsNamed(t *testing.T) {
	var known []string
	for _, match := range regexp.MustCompile(`\{"([a-z.]+)", `).FindAllStringSubmatch(read(t, "tools/dapr/daprd/components.go"), -1) {
		if slices.Contains(known, match[1]) {
			t.Errorf("%s is in the list twice", match[1])
		}
		known = append(known, match[1])
	}
	var resources []description.Resource
	files := must.Get(filepath.Glob(filepath.Join(root, "components", "*", "*", "*.yaml")))(t)
	files = append(files, must.Get(filepath.Glob(filepath.Join(root, "components", "config", "*.yaml")))(t)...)
	for _, file := range files {
		resources = append(resources, must.Get(description.LoadFile(file))(t)...)
	}
	named := 0
	for _, r := range resources {
		kind := r.Spec.Type
		if r.Kind == "Configuration" && r.Spec.NameResolution.Component != "" {
			kind = "nameresolution." + r.Spec.NameResolution.Component
		}
		if kind == "" {
			continue
		}
		named++
		if !slices.Contains(known, kind) {
			t.Errorf("%s: the sidecar does not have %s; add it to tools/dapr/daprd/components.go", r.File, kind)
		}
	}
	if len(known) < 15 || named < 50 {
		t.Errorf("found %d components of the sidecar, %d in YAML", len(known), named)
	}
}

// Whatever headers pass the gateway pass what is behind it, with those that are added on the way.
func TestSidecars_acceptTheHeadersThatAppsAccept(t *testing.T) {
	want := fmt.Sprintf("--read-buffer-size=%dKi", web.DefaultLimits().HeaderBytes>>10)
	system := must.Get(description.Load(root))(t)
	for _, app := range system.Apps {
		if arguments := app.SidecarArguments(); !slices.Contains(arguments, want) {
			t.Errorf("%s: its sidecar is not started with %s: %v", app.ID, want, arguments)
		}
	}
	if web.DefaultLimits().HeaderBytes < 2*web.PublicHeaderBytes {
		t.Error("the apps accept less than what the gateway accepts and adds")
	}
}
