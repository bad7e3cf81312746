// Package tools finds and builds Dapr's programs: daprd (the sidecar) and sentry (the certificate authority). tools/dapr pins
// their version. All checkouts on a machine share the built programs in a cache.
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

// daprdTag is the build tag of a sidecar with all components.
const daprdTag = "allcomponents"

// pinnedVersion is the version of the sidecar that tools/dapr/go.mod pins, without the v.
func pinnedVersion(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, "tools", "dapr", "go.mod"))
	if err != nil {
		return "", err
	}
	match := regexp.MustCompile(`(?m)^\s*github\.com/dapr/dapr v(\S+)`).FindSubmatch(text)
	if match == nil {
		return "", errors.New("tools/dapr/go.mod does not require github.com/dapr/dapr")
	}
	return string(match[1]), nil
}

// FindDaprd returns the path of the sidecar: the one that `make tools` built, or an installed one of the pinned minor version
// with all components.
func FindDaprd(root string) (string, error) {
	version, err := pinnedVersion(root)
	if err != nil {
		return "", err
	}
	built, err := cached(version, "daprd")
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
	return "", fmt.Errorf("no sidecar (daprd %s with all components) is installed; run `make tools`", minor(version))
}

// FindSentry returns the path of the certificate authority, which `stoa tools --mtls` builds.
func FindSentry(root string) (string, error) {
	path, err := cachedSentry(root)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", errors.New("--mtls needs Dapr's certificate authority, which is not built; run `make sentry`")
	}
	return path, nil
}

// cachedSentry is the path of sentry in the cache. The path contains a hash of our main, because that has no version.
func cachedSentry(root string) (string, error) {
	version, err := pinnedVersion(root)
	if err != nil {
		return "", err
	}
	source, err := os.ReadFile(filepath.Join(root, "tools", "dapr", "sentry", "main.go"))
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(source)
	return cached(version, "sentry-"+hex.EncodeToString(sum[:4]))
}

// cached is the path of a program in the cache.
func cached(version, name string) (string, error) {
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(home, ".cache")
	}
	return filepath.Join(cache, "stoa", "dapr", version, name), nil
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
	return builtWith(path, "-tags", daprdTag) && minor(ReportedVersion(path)) == minor(wanted)
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
