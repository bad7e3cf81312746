package servers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// program looks for a program on PATH, then by patterns of paths, the highest version last among them.
func program(name string, elsewhere ...string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, pattern := range elsewhere {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return found[len(found)-1], nil
		}
	}
	return "", fmt.Errorf("there is no %s on this machine", name)
}

// needs says which Debian package brings the programs that were not found.
func needs(what string, missing ...error) error {
	if err := errors.Join(missing...); err != nil {
		return fmt.Errorf("%w; install it, for example by `apt-get install %s`", err, what)
	}
	return nil
}

// password is a random one, so that nothing in the repository can be one by accident.
func password() string { return rand.Text() }

// output runs a program to its end and returns the first line that it prints.
func output(ctx context.Context, path string, args ...string) (string, error) {
	text, err := exec.CommandContext(ctx, path, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", filepath.Base(path), err, strings.TrimSpace(string(text)))
	}
	first, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	return first, nil
}

// version is the name of a server with the version that its program prints.
func version(ctx context.Context, name, path string) (string, error) {
	line, err := output(ctx, path, "--version")
	return name + " " + regexp.MustCompile(`\d+\.\d+(\.\d+)?`).FindString(line), err
}

// unprivileged is the user for programs that refuse to run as root, who gets dir as his own; nil for anybody but root.
func unprivileged(name, dir string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	account, err := user.Lookup(name)
	if err != nil {
		return nil, fmt.Errorf("root cannot run it, and %w", err)
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, int(uid), int(gid))
}
