package kubernetes

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
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
	keep      = flag.Bool("keep", false, "after the tests, keep the node until the test is interrupted")
	scaling   = flag.Bool("scaling", false, "start KEDA and metrics-server, too, and leave each app one replica: for the tests of scaling alone")
	on        = flag.String("on", "", "the folder of a node that another run keeps: test on that one, as it is")
)

const (
	daprNamespace = "dapr-system"
	ofDapr        = "app.kubernetes.io/part-of=dapr" // selects the pods of the control plane
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
	postgres string // the URL for pods

	firstOrder time.Duration // from the installation to its first order
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
		if err := errors.Join(node.Missing(root), servers.Find("postgres")); err != nil {
			stars := strings.Repeat("*", 70)
			fmt.Printf("\n%s\nNOT TESTED: Kubernetes. %v.\n%s\n", stars, err, stars)
			return 0, nil
		}
	}
	dir, err := node.NewFolder()
	if err != nil {
		return 0, err
	}
	// All that is stored is in one folder, also what others make. The next test removes it if this one is killed.
	if err := os.Setenv("TMPDIR", dir); err != nil {
		return 0, err
	}
	shared = &cluster{root: root, dir: dir}
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	failed := true
	var running atomic.Bool // the tests
	end := sync.OnceValue(func() error { return shared.stop(failed && interrupted.Err() == nil) })
	defer func() { err = errors.Join(err, end()) }()
	if err := shared.start(interrupted); err != nil {
		return 0, err
	}
	kept := *keep && *on == "" && *elsewhere == ""
	if kept {
		fmt.Printf("\nThe node is kept until this test, process %d, is interrupted. %s\n\n", os.Getpid(), shared.node.Way())
	}
	go func() { // tests need not look whether somebody has interrupted them
		<-interrupted.Done()
		if running.Load() {
			fmt.Fprintln(os.Stderr, "interrupted", end())
			os.Exit(1)
		}
	}()
	running.Store(true)
	code = m.Run()
	running.Store(false)
	failed = code != 0
	if kept {
		<-interrupted.Done()
	}
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
		return timed("stoa is installed", func() error { return errors.Join(c.install(ctx), c.grow(ctx)) })
	}
	if *on != "" {
		return c.join(ctx)
	}
	type step struct {
		what string
		make func(context.Context) error
	}
	last := step{"each app has two replicas", c.grow}
	if *scaling {
		last = step{"KEDA and metrics-server are ready", c.startScalers}
	}
	for _, step := range []step{
		{"the node is ready", c.startNode}, {"the images are imported", c.importImages}, {"PostgreSQL runs", c.startDatabase},
		{"Dapr's control plane is ready", c.installDapr}, {"stoa is installed, and an order placed", c.install}, last,
	} {
		if err := timed(step.what, func() error { return step.make(ctx) }); err != nil {
			return fmt.Errorf("until %s: %w", step.what, err)
		}
	}
	return nil
}

// join uses the node that another run keeps, with all that is on it.
func (c *cluster) join(ctx context.Context) (err error) {
	if c.node, err = node.Join(c.root, *on); err != nil {
		return err
	}
	c.Client = c.node.Client
	var given struct{ Data map[string][]byte }
	if err := c.Get(ctx, &given, "secret", "stoa-given", "--namespace", namespace); err != nil {
		return err
	}
	c.postgres = string(given.Data["POSTGRES_URL"])
	return c.connect(ctx)
}

func (c *cluster) startNode(ctx context.Context) (err error) {
	if c.node, err = node.Start(ctx, c.root, c.dir); err == nil {
		c.Client = c.node.Client
	}
	return err
}

// importImages gives the node the images of the repository, and those of Dapr's control plane.
func (c *cluster) importImages(ctx context.Context) error {
	images, err := buildImages(c.root, thisBuild)
	if err != nil {
		return err
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
	c.postgres = strings.Replace(c.database.Secrets["POSTGRES_URL"], c.database.Address, fmt.Sprintf("%s:%d", node.Address, databasePort), 1)
	return c.node.Forward(databasePort, c.database.Address)
}

// installDapr installs the official chart. Nothing here needs jobs that outlive a restart of the scheduler.
func (c *cluster) installDapr(ctx context.Context) error {
	chart, err := tools.Charts(ctx, c.root)
	if err != nil {
		return err
	}
	// Sentry would make its certificates itself, notice seconds later that the kubelet shows it others than before, namely these, and
	// start again up to eight times, each time after its clients have had 20 seconds to leave.
	root, _ := c.node.Certificate(node.DaprRoot)
	issuer, key := c.node.Certificate(node.DaprIssuer)
	_, err = c.Helm(ctx, "install", "dapr", chart, "--namespace", daprNamespace, "--create-namespace", "--wait", "--timeout", patience.String(),
		"--set-file", "dapr_sentry.tls.root.certPEM="+root, "--set-file", "dapr_sentry.tls.issuer.certPEM="+issuer,
		"--set-file", "dapr_sentry.tls.issuer.keyPEM="+key,
		"--set", "global.registry=localhost/dapr", "--set", "global.tag=test",
		"--set", "dapr_scheduler.cluster.inMemoryStorage=true", "--set", "dapr_sidecar_injector.sidecarDropALLCapabilities=true",
		// The chart's probes have a second for an answer. This machine has two cores for everything.
		"--set", patient("operator"), "--set", patient("placement"), "--set", patient("scheduler"), "--set", patient("sentry"), "--set", patient("sidecar_injector"),
		// A pod without its sidecar is worse than none. The control plane itself must start without an injector.
		"--set", "dapr_sidecar_injector.webhookFailurePolicy=Fail",
		"--set-json", `dapr_sidecar_injector.namespaceSelector={"matchExpressions": [
			{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["dapr-system", "kube-system"]}]}`)
	return err
}

// patient are values that let a part of the control plane be silent for three minutes.
func patient(part string) string {
	return fmt.Sprintf("dapr_%[1]s.livenessProbe.failureThreshold=18,dapr_%[1]s.readinessProbe.failureThreshold=20", part)
}

// stop ends everything that the test has started. After a failure it says what the cluster looked like.
func (c *cluster) stop(failed bool) error {
	if failed && *on == "" {
		fmt.Println(c.look(context.Background()))
	}
	var err error
	if c.database != nil {
		err = c.database.Stop()
	}
	if c.node != nil && *on == "" {
		err = errors.Join(err, c.node.Stop())
	}
	return errors.Join(err, os.RemoveAll(c.dir))
}

// look is what somebody would look at first: the pods, what they complain of, and the logs of those that are not ready. The test stops
// at its first failure, so this is the cluster that it was in.
func (c *cluster) look(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var seen strings.Builder
	show := func(limit int, args ...string) {
		out, err := c.Kubectl(ctx, args...)
		fmt.Fprintf(&seen, "\n--- kubectl %s\n%s", strings.Join(args, " "), out[max(0, len(out)-limit):])
		if err != nil {
			fmt.Fprintln(&seen, err)
		}
	}
	show(8000, "get", "pods", "--all-namespaces", "--output=wide")
	if *scaling {
		show(4000, "describe", "hpa", "--namespace", namespace)
		show(4000, "logs", "--namespace", "keda", "--selector", "app=keda-operator", "--tail=30")
	}
	show(4000, "get", "events", "--all-namespaces", "--field-selector=type!=Normal", "--sort-by=.lastTimestamp")
	for _, from := range []struct{ namespace, selector string }{{daprNamespace, ofDapr}, {namespace, selector}} {
		pods, err := c.pods(ctx, from.namespace, from.selector)
		if err != nil {
			fmt.Fprintln(&seen, err)
		}
		for _, p := range pods {
			if !p.ready() && p.Metadata.DeletionTimestamp == "" {
				show(3000, "logs", "--namespace", from.namespace, p.Metadata.Name, "--all-containers", "--prefix", "--tail=10")
			}
		}
	}
	return seen.String()
}
