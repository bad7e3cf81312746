// Package tools finds and builds Dapr's programs: daprd (the sidecar) and sentry (the certificate authority). Their mains are
// ours and are in tools/dapr, which pins Dapr's version; all that they do is done by Dapr's packages. For tests, it also builds
// what a Kubernetes cluster with Dapr's control plane consists of. All checkouts on a machine share the built programs in a
// cache. Only the standard library is imported here, so that a first build soon has something to say (see tools/build).
package tools

import (
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// DaprdVariable names the environment variable that chooses the sidecar's program.
const DaprdVariable = "STOA_DAPRD"

// allComponents is the build tag of an official sidecar with all components.
const allComponents = "allcomponents"

// pinnedVersion is the version of the tool that its file of pins has, without the v.
func (t tool) pinnedVersion(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, "tools", t.module, t.pins))
	if err != nil {
		return "", err
	}
	match := regexp.MustCompile(`(?m)^\s*` + regexp.QuoteMeta(t.from.path) + ` v(\S+)`).FindSubmatch(text)
	if match == nil {
		return "", fmt.Errorf("tools/%s/%s does not require %s", t.module, t.pins, t.from.path)
	}
	return string(match[1]), nil
}

// FindDaprd returns the path of the sidecar: the program that STOA_DAPRD names, or the one that `make tools` built, or an
// installed official one of the pinned minor version with all components.
func FindDaprd(root string) (string, error) {
	if path := os.Getenv(DaprdVariable); path != "" {
		return exec.LookPath(path)
	}
	built, version, err := daprd.cached(root)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(built); err == nil {
		return built, nil
	}
	for _, path := range installedDaprds() {
		if suitable(path, version) {
			return path, nil
		}
	}
	return "", fmt.Errorf("no sidecar (daprd %s) is installed; run `make tools`", minor(version))
}

// FindFormerDaprd returns the path of the sidecar of the version before, which `stoa tools --former` builds.
func FindFormerDaprd(root string) (string, error) {
	path, _, err := former.cached(root)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", errors.New("the sidecar of the version before is not built; run `bin/stoa tools --former`")
	}
	return path, nil
}

// FindSentry returns the path of the certificate authority, which `stoa tools --mtls` builds.
func FindSentry(root string) (string, error) {
	path, _, err := sentry.cached(root)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", errors.New("--mtls needs Dapr's certificate authority, which is not built; run `make sentry`")
	}
	return path, nil
}

// Components lists the types of components that the daprd at path has. An official program lists none; all says whether it was
// built with all of them.
func Components(path string) (types []string, all bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "components").Output()
	if err != nil {
		return nil, builtWith(path, "-tags", allComponents)
	}
	return strings.Fields(string(out)), false
}

// cached is the path of a program in the cache, and its version. The path of one of our mains contains a hash of what
// it is built from, because it has no version.
func (t tool) cached(root string) (path, version string, err error) {
	if version, err = t.pinnedVersion(root); err != nil {
		return "", "", err
	}
	name := t.name
	if strings.HasPrefix(t.source, ".") {
		sum, err := hashOf(filepath.Join(root, "tools", t.module), t.source, t.pins)
		if err != nil {
			return "", "", err
		}
		name += "-" + sum
	}
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", "", err
		}
		cache = filepath.Join(home, ".cache")
	}
	return filepath.Join(cache, "stoa", t.from.name, version, name), version, nil
}

// hashOf is a short hash of what a program in a module is built from: its files, and the versions of what they import.
func hashOf(module, source, pins string) (string, error) {
	files, err := filepath.Glob(filepath.Join(module, source, "*.go"))
	if err != nil || len(files) == 0 {
		return "", errors.Join(err, fmt.Errorf("%s contains no program", filepath.Join(module, source)))
	}
	sum := sha256.New()
	for _, name := range append(files, filepath.Join(module, pins)) {
		text, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		sum.Write(text)
	}
	return hex.EncodeToString(sum.Sum(nil)[:4]), nil
}

func installedDaprds() []string {
	var paths []string
	if path, err := exec.LookPath("daprd"); err == nil {
		paths = append(paths, path)
	}
	if home, err := os.UserHomeDir(); err == nil {
		paths = append(paths, filepath.Join(home, ".dapr", "bin", "daprd"))
	}
	return paths
}

// suitable reports whether the daprd at path has the minor version of wanted and was built with all components.
func suitable(path, wanted string) bool {
	return builtWith(path, "-tags", allComponents) && minor(ReportedVersion(path)) == minor(wanted)
}

// builtWith reports whether a setting of the build of the program at path contains value.
func builtWith(path, setting, value string) bool {
	info, err := buildinfo.ReadFile(path)
	return err == nil && slices.ContainsFunc(info.Settings, func(s debug.BuildSetting) bool {
		return s.Key == setting && strings.Contains(s.Value, value)
	})
}

// ReportedVersion is what the daprd at path reports.
func ReportedVersion(path string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, _ := exec.CommandContext(ctx, path, "--version").Output()
	return strings.TrimSpace(string(out))
}

// minor shortens 1.18.2 to 1.18.
func minor(version string) string {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}
