package kubernetes

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"stoa/internal/stack/tools"
	"stoa/test/client"
	"stoa/test/kubernetes/node"
	"stoa/test/servers"
)

var (
	elsewhere = flag.String("context", "", "a context of kubectl: the test uses that cluster, with Dapr in it, and starts no node")
	base      = flag.String("base", "", "the commit that the rolling update begins with; without it, the same build under another name")
)

const (
	daprNamespace = "dapr-system"
	databasePort  = 5432
	// patience is how long the test waits for pods, on a machine that is busy.
	patience = 6 * time.Minute
)

// cluster is where the system runs, and the way into it.
type cluster struct {
	node.Client
	node     *node.Node // nil if somebody else runs the cluster
	shop     *client.Shop
	root     string
	dir      string
	database *servers.Server
}

// shared is the cluster of all tests, which run one after the other.
var shared *cluster

func TestMain(m *testing.M) {
	node.Main()
	flag.Parse()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return 0, err
	}
	if *elsewhere == "" {
		if err := node.Missing(root); err != nil {
			fmt.Printf("NOT TESTED: Kubernetes. %v.\n", err)
			return 0, nil
		}
	}
	dir, err := os.MkdirTemp("", "stoa-node-")
	if err != nil {
		return 0, err
	}
	shared = &cluster{root: root, dir: dir}
	defer func() { err = errors.Join(err, shared.stop(code != 0 || err != nil)) }()
	if err := shared.start(context.Background()); err != nil {
		return 0, err
	}
	code = m.Run()
	return code, nil
}

// timed says what a step has taken.
func timed(what string, step func() error) error {
	began := time.Now()
	err := step()
	fmt.Printf("%6.1f s  %s\n", time.Since(began).Seconds(), what)
	return err
}

func (c *cluster) start(ctx context.Context) error {
	if *elsewhere != "" {
		c.Client = node.Elsewhere(*elsewhere)
		return timed("stoa is installed", func() error { return c.install(ctx) })
	}
	for _, step := range []struct {
		what string
		make func(context.Context) error
	}{
		{"the node is ready", c.startNode}, {"the images are imported", c.importImages}, {"PostgreSQL runs", c.startDatabase},
		{"Dapr's control plane is ready", c.installDapr}, {"stoa is installed", c.install},
	} {
		if err := timed(step.what, func() error { return step.make(ctx) }); err != nil {
			return fmt.Errorf("until %s: %w", step.what, err)
		}
	}
	return nil
}

func (c *cluster) startNode(ctx context.Context) (err error) {
	if c.node, err = node.Start(ctx, c.root, c.dir); err == nil {
		c.Client = c.node.Client
	}
	return err
}

// importImages gives the node the images of the repository, and those of Dapr's control plane.
func (c *cluster) importImages(ctx context.Context) error {
	var images []node.Image
	for _, name := range []string{"apps", "sidecar"} {
		image, err := node.Dockerfile(imageName(name, thisBuild), filepath.Join(c.root, "deploy", name+".Dockerfile"), filepath.Join(c.root, "bin", "image", name))
		if err != nil {
			return err
		}
		images = append(images, image)
	}
	programs, err := tools.FindKubernetes(c.root)
	if err != nil {
		return err
	}
	for _, name := range []string{"operator", "injector", "placement", "scheduler", "sentry"} {
		images = append(images, node.Image{
			Name: "localhost/dapr/" + name + ":test", Entrypoint: []string{"/" + name}, Files: []node.File{{Path: name, From: programs[name]}},
		})
	}
	for _, image := range images {
		if err := timed("  "+image.Name, func() error { return c.node.Import(ctx, image) }); err != nil {
			return err
		}
	}
	return nil
}

// startDatabase starts PostgreSQL beside the node, as a managed one is beside a cluster.
func (c *cluster) startDatabase(ctx context.Context) (err error) {
	if c.database, err = servers.Start(ctx, "postgres"); err != nil {
		return err
	}
	return c.node.Forward(databasePort, c.database.Address)
}

// installDapr installs the official chart. Nothing here needs jobs that outlive a restart of the scheduler.
func (c *cluster) installDapr(ctx context.Context) error {
	chart, err := tools.Charts(ctx, c.root)
	if err != nil {
		return err
	}
	_, err = c.Helm(ctx, "install", "dapr", chart, "--namespace", daprNamespace, "--create-namespace", "--wait", "--timeout", patience.String(),
		"--set", "global.registry=localhost/dapr", "--set", "global.tag=test",
		"--set", "dapr_scheduler.cluster.inMemoryStorage=true", "--set", "dapr_sidecar_injector.sidecarDropALLCapabilities=true",
		// A pod without its sidecar is worse than none. The control plane itself must start without an injector.
		"--set", "dapr_sidecar_injector.webhookFailurePolicy=Fail",
		"--set-json", `dapr_sidecar_injector.namespaceSelector={"matchExpressions": [
			{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["dapr-system", "kube-system"]}]}`)
	return err
}

// stop ends everything that the test has started. After a failure it says what the cluster looked like.
func (c *cluster) stop(failed bool) error {
	if failed && (c.node != nil || *elsewhere != "") {
		fmt.Println(c.look(context.Background()))
	}
	var err error
	if c.node != nil {
		err = c.node.Stop()
	}
	if c.database != nil {
		err = errors.Join(err, c.database.Stop())
	}
	return errors.Join(err, os.RemoveAll(c.dir))
}

// look is what somebody would look at first.
func (c *cluster) look(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var seen string
	for _, args := range [][]string{
		{"get", "pods", "--all-namespaces", "--output=wide"},
		{"get", "events", "--all-namespaces", "--sort-by=.lastTimestamp"},
		{"logs", "--namespace", namespace, "--selector", selector, "--all-containers", "--prefix", "--tail=15", "--max-log-requests=50"},
	} {
		out, err := c.Kubectl(ctx, args...)
		seen += fmt.Sprintf("\n--- kubectl %v %v\n%s", args, err, out[max(0, len(out)-20000):])
	}
	return seen
}
