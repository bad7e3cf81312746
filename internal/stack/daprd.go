package stack

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

// daprdTag is the build tag with which the sidecar holds all components.
const daprdTag = "allcomponents"

// DaprdVersion is the version of the sidecar that tools/dapr/go.mod pins, without the v.
func DaprdVersion(root string) (string, error) {
	path := filepath.Join(root, "tools", "dapr", "go.mod")
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	match := regexp.MustCompile(`(?m)^\s*github\.com/dapr/dapr v(\S+)`).FindSubmatch(text)
	if match == nil {
		return "", fmt.Errorf("%s does not require github.com/dapr/dapr", shortPath(path))
	}
	return string(match[1]), nil
}

// FindDaprd returns the sidecar to run: the one that `make tools` built, or an installed one of the pinned minor
// version that holds all components.
func FindDaprd(root string) (string, error) {
	version, err := DaprdVersion(root)
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

// FindSentry returns the certificate authority that `stoa tools --mtls` built.
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

// cachedSentry is where sentry is, by its main's content: the version that is pinned says nothing of that.
func cachedSentry(root string) (string, error) {
	version, err := DaprdVersion(root)
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

// cached is where a program of Dapr is kept for all checkouts.
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

// suitable tells whether the daprd at path has the minor version of wanted and was built with all components.
func suitable(path, wanted string) bool {
	return builtWith(path, "-tags", daprdTag) && minor(reportedVersion(path)) == minor(wanted)
}

// builtWith tells whether a setting of the build of the program at path contains value.
func builtWith(path, setting, value string) bool {
	info, err := buildinfo.ReadFile(path)
	return err == nil && slices.ContainsFunc(info.Settings, func(s debug.BuildSetting) bool {
		return s.Key == setting && strings.Contains(s.Value, value)
	})
}

func reportedVersion(path string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, _ := exec.CommandContext(ctx, path, "--version").Output()
	return strings.TrimSpace(string(out))
}

// minor cuts 1.18.2 to 1.18.
func minor(version string) string {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}
