package servers

import (
	"context"
	"crypto/sha256"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// projects name what is fetched from Maven Central, in exact versions.
//
//go:embed maven
var projects embed.FS

func findJVM(installed string) error {
	_, java := program("java")
	if java == nil && cached(installed) {
		return nil
	}
	_, maven := program("mvn")
	return needs("default-jdk-headless maven", java, maven)
}

// jars is the folder of a project's jars, in a cache that all checkouts share.
func jars(project string) (string, error) {
	text, err := projects.ReadFile("maven/" + project + ".xml")
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "stoa", "jars", fmt.Sprintf("%s-%x", project, sha256.Sum256(text))[:len(project)+13]), nil
}

func cached(project string) bool {
	folder, err := jars(project)
	if err != nil {
		return false
	}
	_, err = os.Stat(folder)
	return err == nil
}

// fetchJars returns the class path of a project; the first time it downloads the jars, which takes about a minute.
func fetchJars(ctx context.Context, project string) (classPath string, err error) {
	folder, err := jars(project)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(folder+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	if !cached(project) {
		err = download(ctx, project, folder)
	}
	return filepath.Join(folder, "*"), err
}

// download leaves all jars in the folder, or none.
func download(ctx context.Context, project, folder string) error {
	fresh, err := os.MkdirTemp(filepath.Dir(folder), project+"-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh)
	text, err := projects.ReadFile("maven/" + project + ".xml")
	if err != nil {
		return err
	}
	pom := filepath.Join(fresh, "pom.xml")
	if err := os.WriteFile(pom, text, 0o600); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "mvn", "--batch-mode", "--quiet", "--file", pom,
		"org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies",
		"-DincludeScope=runtime", "-DoutputDirectory="+filepath.Join(fresh, "jars"))
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mvn cannot fetch the jars of %s: %w: %s", project, err, text)
	}
	return os.Rename(filepath.Join(fresh, "jars"), folder)
}
