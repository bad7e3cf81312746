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

// newcomer is the namespace of somebody who tries Stoa for the first time.
const newcomer = "newcomer"

// The last tests. What an uninstall leaves is what the notes of the chart say: data, and the keys to it.
func TestUninstall_leavesOnlyData(t *testing.T) {
	c := shared
	if c.node == nil {
		t.Skip("NOT TESTED on another's cluster: that nothing is left after the end")
	}
	must.Get(c.Helm(t.Context(), "uninstall", release, "--namespace", namespace, "--wait", "--timeout", patience.String()))(t)
	c.awaitLeft(t, namespace, regexp.MustCompile(`^(secret/stoa-secrets|secret/[a-z-]+-token|persistentvolumeclaim/data-broker-0)$`))
}

// A new user gives two values, an example and the address of a database, and has an order within three minutes. The whole is
// removed again by what the notes say.
func TestNewcomer_ordersWithinThreeMinutes(t *testing.T) {
	c := shared
	if c.node == nil {
		t.Skip("NOT TESTED on another's cluster: an installation from nothing")
	}
	must.Do(t, c.tag(t.Context(), "latest")) // as `make images` names them
	url := must.Get(c.newDatabase(t.Context(), secondPort))(t)
	began := time.Now()
	must.Get(c.Helm(t.Context(), "install", release, c.chart(), "--namespace", newcomer, "--create-namespace", "--wait",
		"--timeout", patience.String(), "--values", c.chart("values-small.yaml"), "--set", "secrets.values.POSTGRES_URL="+url))(t)
	installed := time.Since(began)
	must.Get(c.Helm(t.Context(), "test", release, "--namespace", newcomer, "--timeout", patience.String()))(t)
	took := time.Since(began)
	t.Logf("installed after %.1f s, the first order after %.1f s", installed.Seconds(), took.Seconds())
	if took > 3*time.Minute {
		t.Errorf("the first order took %s", took)
	}
	must.Get(c.Helm(t.Context(), "uninstall", release, "--namespace", newcomer, "--wait", "--timeout", patience.String()))(t)
	must.Get(c.Kubectl(t.Context(), "--namespace", newcomer, "delete", "secret,pvc", "--selector", selector))(t)
	c.awaitLeft(t, newcomer, regexp.MustCompile(`^$`))
}

// What Kubernetes and Dapr put into every namespace.
var given = regexp.MustCompile(`^(serviceaccount/default|configmap/kube-root-ca.crt|configmap/dapr-trust-bundle)$`)

// awaitLeft waits until a namespace has only what is expected: objects of all kinds count, but events.
func (c *cluster) awaitLeft(t *testing.T, namespace string, expected *regexp.Regexp) {
	t.Helper()
	kinds := strings.Fields(must.Get(c.Kubectl(t.Context(), "api-resources", "--namespaced", "--verbs=list", "--output=name"))(t))
	kinds = slices.DeleteFunc(kinds, func(kind string) bool { return strings.HasPrefix(kind, "events") })
	system.Within(t, patience, "nothing else is left", func() error {
		out, err := c.Kubectl(t.Context(), "get", strings.Join(kinds, ","), "--namespace", namespace, "--output=name")
		if err != nil {
			return err
		}
		more := slices.DeleteFunc(strings.Fields(out), func(name string) bool {
			return expected.MatchString(name) || given.MatchString(name)
		})
		if len(more) > 0 {
			return fmt.Errorf("there is more: %v", more)
		}
		return nil
	})
}
