package kubernetes

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
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
		{"the former build", baseBuild, func() (string, error) { return c.helmOn(t.Context(), "upgrade", baseBuild) }},
		{"this build", thisBuild, func() (string, error) { return c.helmOn(t.Context(), "upgrade", thisBuild) }},
		{"the former build again, by helm rollback,", baseBuild, func() (string, error) {
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
	load.end(t, shop)
}

// importBase builds the images of another commit, or gives ours another name.
func (c *cluster) importBase(ctx context.Context) error {
	root := c.root
	if *base != "" {
		root = filepath.Join(c.dir, "base")
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
	}
	for _, name := range []string{"apps", "sidecar"} {
		image, err := node.Dockerfile(imageName(name, baseBuild), filepath.Join(root, "deploy", name+".Dockerfile"), filepath.Join(root, "bin", "image", name))
		if err != nil {
			return err
		}
		if err := c.node.Import(ctx, image); err != nil {
			return err
		}
	}
	return nil
}

func (c *cluster) command(ctx context.Context, name string, args ...string) error {
	if out, err := exec.CommandContext(ctx, name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w: %s", name, args, err, out)
	}
	return nil
}

// What helm leaves: the secrets, without which nobody can use the stored documents, and the disk of the broker.
var left = regexp.MustCompile(`^(secret/stoa-secrets|secret/.*-token|persistentvolumeclaim/data-broker-0)$`)

// What Kubernetes and Dapr put into every namespace.
var given = regexp.MustCompile(`^(serviceaccount/default|configmap/kube-root-ca.crt|configmap/dapr-trust-bundle)$`)

// The last test: nothing but data and keys remains.
func TestUninstall_leavesOnlyData(t *testing.T) {
	c := shared
	if c.node == nil {
		t.Skip("NOT TESTED on another's cluster: that nothing is left after the end")
	}
	must.Get(c.Helm(t.Context(), "uninstall", release, "--namespace", namespace, "--wait", "--timeout", patience.String()))(t)
	kinds := "deployments,statefulsets,jobs,pods,services,serviceaccounts,secrets,configmaps,roles,rolebindings,networkpolicies," +
		"poddisruptionbudgets,persistentvolumeclaims,components,configurations,resiliencies,subscriptions"
	system.Within(t, patience, "nothing is left", func() error {
		out, err := c.Kubectl(t.Context(), "get", kinds, "--namespace", namespace, "--output=name")
		if err != nil {
			return err
		}
		var more unexpected
		for name := range strings.FieldsSeq(out) {
			if !left.MatchString(name) && !given.MatchString(name) {
				more = append(more, name)
			}
		}
		if len(more) > 0 {
			return more
		}
		return nil
	})
}

// unexpected are the names of objects that should be gone.
type unexpected []string

// Error implements error.
func (u unexpected) Error() string { return strings.Join(u, " ") }
