package kubernetes

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/must"
	"stoa/test/kubernetes/node"
	"stoa/test/system"
)

// Everything is replaced by another build and back, while customers order: no keyed request fails.
func TestUpgrade_failsNoRequest(t *testing.T) {
	c, shop := shared, shared.shop
	if c.node != nil {
		must.Do(t, c.importBase(t.Context()))
	}
	load := startLoad(t, shop)
	for _, step := range []struct {
		what, build string
		do          func() (string, error)
	}{
		{"the other build", baseBuild, func() (string, error) { return c.helmOn(t.Context(), "upgrade", baseBuild) }},
		{"this build again, by helm rollback,", thisBuild, func() (string, error) {
			return c.Helm(t.Context(), "rollback", release, "--namespace", namespace, "--wait", "--timeout", patience.String())
		}},
	} {
		began := time.Now()
		must.Get(step.do())(t)
		c.awaitReady(t)
		t.Logf("%s runs after %.1f s", step.what, time.Since(began).Seconds())
		for _, p := range c.appPods(t, "") {
			if got := p.Spec.Containers[0].Image; got != imageName("apps", step.build) {
				t.Errorf("%s runs %s", p.Metadata.Name, got)
			}
		}
	}
	load.end(t, shop, true)
}

// awaitGone waits until no pod is ending.
func (c *cluster) awaitGone(t *testing.T) {
	t.Helper()
	system.Within(t, patience, "the old pods have ended", func() error {
		pods, err := c.pods(t.Context(), namespace, selector)
		for _, p := range pods {
			if p.Metadata.DeletionTimestamp != "" {
				return fmt.Errorf("%s has not", p.Metadata.Name)
			}
		}
		return err
	})
}

// importBase builds the images of another commit, or gives ours another name.
func (c *cluster) importBase(ctx context.Context) error {
	if *base == "" {
		return c.tag(ctx, baseBuild)
	}
	root := filepath.Join(c.dir, "base")
	if err := c.command(ctx, "git", "-C", c.root, "worktree", "add", "--detach", root, *base); err != nil {
		return err
	}
	defer func() {
		_ = c.command(context.WithoutCancel(ctx), "git", "-C", c.root, "worktree", "remove", "--force", root)
	}()
	// By our Makefile: an older one may not have this target.
	if err := c.command(ctx, "make", "-C", root, "-f", filepath.Join(c.root, "Makefile"), "image-folders"); err != nil {
		return err
	}
	images, err := buildImages(root, baseBuild)
	if err != nil {
		return err
	}
	for _, image := range images {
		if err := c.node.Import(ctx, image); err != nil {
			return err
		}
	}
	return nil
}

// tag gives the images of this checkout another tag, too.
func (c *cluster) tag(ctx context.Context, tag string) error {
	for _, name := range ourImages {
		if err := c.node.Tag(ctx, imageName(name, thisBuild), imageName(name, tag)); err != nil {
			return err
		}
	}
	return nil
}

// ourImages are those of `make images`.
var ourImages = []string{"apps", "sidecar"}

// buildImages reads the images of a checkout that has run `make image-folders`.
func buildImages(root, tag string) ([]node.Image, error) {
	var images []node.Image
	for _, name := range ourImages {
		image, err := node.Dockerfile(imageName(name, tag), filepath.Join(root, "deploy", name+".Dockerfile"), filepath.Join(root, "bin", "image", name))
		if err != nil {
			return nil, err
		}
		images = append(images, image)
	}
	return images, nil
}

func (c *cluster) command(ctx context.Context, name string, args ...string) error {
	if out, err := exec.CommandContext(ctx, name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w: %s", name, args, err, out)
	}
	return nil
}

// The last test. What an uninstall leaves is what the notes of the chart say, data and the keys to it; and by what they say, that
// is removed, too.
func TestUninstall_leavesOnlyData(t *testing.T) {
	c := shared
	if c.node == nil {
		t.Skip("NOT TESTED on another's cluster: that nothing is left after the end")
	}
	must.Get(c.Helm(t.Context(), "uninstall", release, "--namespace", namespace, "--wait", "--timeout", patience.String()))(t)
	c.awaitLeft(t, `^(secret/stoa-secrets|secret/[a-z-]+-token|persistentvolumeclaim/data-broker-0)$`)
	must.Get(c.Kubectl(t.Context(), "--namespace", namespace, "delete", "secret,pvc", "--selector", selector))(t)
	c.awaitLeft(t, `^$`)
}

// What Kubernetes and Dapr put into every namespace.
var given = regexp.MustCompile(`^(serviceaccount/default|configmap/kube-root-ca.crt|configmap/dapr-trust-bundle)$`)

// awaitLeft waits until the namespace has only what is expected: objects of all kinds count, but events.
func (c *cluster) awaitLeft(t *testing.T, expected string) {
	t.Helper()
	kinds := strings.Fields(must.Get(c.Kubectl(t.Context(), "api-resources", "--namespaced", "--verbs=list", "--output=name"))(t))
	kinds = slices.DeleteFunc(kinds, func(kind string) bool { return strings.HasPrefix(kind, "events") })
	known := regexp.MustCompile(expected)
	system.Within(t, patience, "nothing else is left", func() error {
		out, err := c.Kubectl(t.Context(), "get", strings.Join(kinds, ","), "--namespace", namespace, "--output=name")
		if err != nil {
			return err
		}
		more := slices.DeleteFunc(strings.Fields(out), func(name string) bool {
			return known.MatchString(name) || given.MatchString(name)
		})
		if len(more) > 0 {
			return fmt.Errorf("there is more: %v", more)
		}
		return nil
	})
}
