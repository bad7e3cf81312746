package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stoa/internal/stack/secrets"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/kubernetes/node"
	"stoa/test/system"
)

// The release of our chart.
const (
	release   = "stoa"
	namespace = "stoa"
	selector  = "app.kubernetes.io/instance=" + release
	// The tags of the images: of this checkout, and of what a rolling update begins with.
	thisBuild = "this"
	baseBuild = "base"
)

// imageName is the name of an image of a build: of those that the node imports, or in a registry for another's cluster.
func imageName(image, build string) string {
	if registry := os.Getenv("IMAGES"); registry != "" {
		return registry + "/" + image + ":" + os.Getenv("TAG")
	}
	return "localhost/stoa/" + image + ":" + build
}

// values are those of the installation, besides values-small.yaml: without the limits that protect a shop from a customer who
// sends in a second what others send in a day. Two replicas let a drain leave one of each.
func (c *cluster) values(build string) string {
	url := os.Getenv("POSTGRES_URL")
	if c.database != nil {
		url = strings.Replace(c.database.Secrets["POSTGRES_URL"], c.database.Address, fmt.Sprintf("%s:%d", node.Address, databasePort), 1)
	}
	values := map[string]any{
		"images":   map[string]any{"apps": image("apps", build), "sidecar": image("sidecar", build)},
		"secrets":  map[string]any{"values": map[string]any{"POSTGRES_URL": url}},
		"defaults": map[string]any{"replicas": 2, "env": map[string]string{"RATE_LIMITS": "false", "MAILS_PER_HOUR": "0", "OPEN_PIECES": "0"}},
	}
	text, _ := json.Marshal(values) // maps of texts and numbers
	return string(text)
}

func image(name, build string) map[string]string {
	full := imageName(name, build)
	tag := strings.LastIndex(full, ":")
	return map[string]string{"name": full[:tag], "tag": full[tag+1:]}
}

// install installs our chart, and connects to the shop.
func (c *cluster) install(ctx context.Context) error {
	if err := c.makeNamespace(ctx, namespace, "pod-security.kubernetes.io/enforce=restricted"); err != nil {
		return err
	}
	if _, err := c.helmOn(ctx, "install", thisBuild); err != nil {
		return err
	}
	return c.connect(ctx)
}

// makeNamespace makes a namespace with labels.
func (c *cluster) makeNamespace(ctx context.Context, name string, labels ...string) error {
	if _, err := c.Kubectl(ctx, "create", "namespace", name); err != nil {
		return err
	}
	_, err := c.Kubectl(ctx, append([]string{"label", "namespace", name, "test=stoa"}, labels...)...)
	return err
}

// helmOn installs or upgrades the release with the images of a build, and returns once everything is ready.
func (c *cluster) helmOn(ctx context.Context, verb, build string, args ...string) (string, error) {
	file := c.dir + "/values-" + build + ".json" // JSON is YAML
	if err := os.WriteFile(file, []byte(c.values(build)), 0o600); err != nil {
		return "", err
	}
	return c.Helm(ctx, append([]string{
		verb, release, c.chart(), "--namespace", namespace, "--values", c.chart("values-small.yaml"), "--values", file, "--wait", "--timeout", patience.String(),
	}, args...)...)
}

// chart is the path of our chart, or of a file in it.
func (c *cluster) chart(elements ...string) string {
	return filepath.Join(c.root, "deploy", "helm", "stoa", filepath.Join(elements...))
}

// connect finds the gateway, and the sign-ins that the first start has made.
func (c *cluster) connect(ctx context.Context) error {
	var secret struct{ Data map[string][]byte }
	if err := c.Get(ctx, &secret, "secret", "stoa-secrets", "--namespace", namespace); err != nil {
		return err
	}
	var bootstrap secrets.Bootstrap
	if err := json.Unmarshal(secret.Data["AUTH_BOOTSTRAP"], &bootstrap); err != nil {
		return err
	}
	if c.node == nil {
		url := os.Getenv("STOA_URL")
		if url == "" {
			return errors.New("STOA_URL has to say where the gateway of the other cluster is reached")
		}
		c.shop = client.Connect(url, bootstrap)
		return nil
	}
	var service struct {
		Spec struct{ ClusterIP string }
	}
	if err := c.Get(ctx, &service, "service", "gateway", "--namespace", namespace); err != nil {
		return err
	}
	c.shop = client.Connect("http://"+service.Spec.ClusterIP, bootstrap)
	c.shop.DialBy(c.node.Dial)
	return nil
}

// pod is what the tests ask of a pod.
type pod struct {
	Metadata struct {
		Name, Namespace, UID string

		Labels, Annotations map[string]string
		DeletionTimestamp   string
	}
	Spec struct {
		ServiceAccountName           string
		AutomountServiceAccountToken *bool
		Containers, InitContainers   []container
	}
	Status struct {
		Phase, PodIP string

		Conditions                               []struct{ Type, Status string }
		ContainerStatuses, InitContainerStatuses []status
	}
}

type container struct {
	Name, Image string
	Env         []variable
}

type variable struct {
	Name, Value string
	ValueFrom   struct{ SecretKeyRef struct{ Name, Key string } }
}

type status struct {
	Name, ContainerID string
	Ready             bool
	RestartCount      int
}

// app is the id of the app of a pod, "" if it is of none.
func (p pod) app() string { return p.Metadata.Annotations["dapr.io/app-id"] }

func (p pod) ready() bool {
	for _, condition := range p.Status.Conditions {
		if condition.Type == "Ready" {
			return condition.Status == "True" && p.Metadata.DeletionTimestamp == ""
		}
	}
	return false
}

// container is the state of a container, or of a sidecar that is one of those that begin first.
func (p pod) container(name string) status {
	for _, s := range append(p.Status.InitContainerStatuses, p.Status.ContainerStatuses...) {
		if s.Name == name {
			return s
		}
	}
	return status{}
}

// pods lists those that a selector selects.
func (c *cluster) pods(ctx context.Context, namespace, selector string) ([]pod, error) {
	var list struct{ Items []pod }
	err := c.Get(ctx, &list, "pods", "--namespace", namespace, "--selector", selector)
	return list.Items, err
}

// appPods lists the running pods of an app, or of all apps if it is "".
func (c *cluster) appPods(t testing.TB, app string) []pod {
	t.Helper()
	var found []pod
	for _, p := range must.Get(c.pods(t.Context(), namespace, selector))(t) {
		if p.app() != "" && (app == "" || p.app() == app) && p.Status.Phase == "Running" && p.Metadata.DeletionTimestamp == "" {
			found = append(found, p)
		}
	}
	return found
}

// awaitReady waits until every deployment has its replicas.
func (c *cluster) awaitReady(t testing.TB) {
	t.Helper()
	system.Within(t, patience, "everything is ready", func() error {
		_, err := c.Kubectl(t.Context(), "wait", "--namespace", namespace, "--for=condition=Available", "--timeout=20s", "deployment", "--all")
		if err != nil {
			return err
		}
		for _, p := range must.Get(c.pods(t.Context(), namespace, selector))(t) {
			if p.Status.Phase == "Running" && !p.ready() {
				return fmt.Errorf("%s is not ready", p.Metadata.Name)
			}
		}
		return nil
	})
}
