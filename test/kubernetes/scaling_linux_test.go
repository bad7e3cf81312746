package kubernetes

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"stoa/internal/stack/tools"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/kubernetes/node"
	"stoa/test/system"
)

// scalerImages are the names of the images in the official manifests, and the programs that are in them.
var scalerImages = map[string]string{"keda": "keda", "keda-metrics-apiserver": "keda-adapter", "metrics-server": "metrics-server"}

// Those that the node has are ours.
const scalerImage = "localhost/scalers/%s:test"

var imageInManifest = regexp.MustCompile(`image: \S+/(\S+):\S+`)

// here changes the official manifests for a node that pulls nothing, and whose kubelet has a certificate of the cluster's authority.
var here = strings.NewReplacer(
	"imagePullPolicy: Always", "imagePullPolicy: IfNotPresent",
	"- --secure-port=10250", "- --secure-port=10250\n        - --kubelet-certificate-authority=/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
)

// startScalers starts KEDA and metrics-server by their official manifests.
func (c *cluster) startScalers(ctx context.Context) error {
	programs, err := tools.FindScalers(c.root)
	if err != nil {
		return err
	}
	for name, program := range scalerImages {
		image := node.Image{Name: fmt.Sprintf(scalerImage, name), Entrypoint: []string{"/" + program}, Files: []node.File{{Path: program, From: programs[program]}}}
		if err := c.node.Import(ctx, image); err != nil {
			return err
		}
	}
	keda, metrics, err := tools.Manifests(ctx, c.root)
	if err != nil {
		return err
	}
	for _, folder := range []string{keda, metrics} {
		text, err := c.Kubectl(ctx, "kustomize", folder)
		if err != nil {
			return err
		}
		text = imageInManifest.ReplaceAllString(here.Replace(text), "image: "+fmt.Sprintf(scalerImage, "$1"))
		if _, err := c.KubectlWith(ctx, text, "apply", "--server-side", "--filename", "-"); err != nil {
			return err
		}
	}
	// KEDA makes its certificates itself, and waits until the kubelet has mounted them.
	if _, err := c.Kubectl(ctx, "wait", "--for=condition=Available", "--timeout="+patience.String(),
		"apiservice/v1beta1.external.metrics.k8s.io", "apiservice/v1beta1.metrics.k8s.io"); err != nil {
		return err
	}
	return c.connect(ctx)
}

// scaled upgrades the release: replicas of these apps, as the chart's values have them, follow their load, and others stay single.
func (c *cluster) scaled(t *testing.T, apps string) {
	t.Helper()
	if !*scaling {
		t.Skip("NOT TESTED here: scaling, which needs KEDA and metrics-server; `make kubernetes-scale-test` has them")
	}
	must.Get(c.helmOn(t.Context(), "upgrade", thisBuild,
		"--set-json", `scaling={"settle": 30, "cpu": {"enabled": true}, "events": {"enabled": true, "poll": 2, "cooldown": 10}}`,
		"--set-json", `defaults.scaling={"max": 1}`, "--set-json", "apps="+apps))(t)
}

// awaitReplicas waits until an app has so many replicas, and nobody wants more or fewer. It says how long that is after something.
func (c *cluster) awaitReplicas(t *testing.T, app string, replicas int, after time.Time) {
	t.Helper()
	system.Within(t, patience, fmt.Sprintf("%s has %d replicas", app, replicas), func() error {
		var w workload
		if err := c.Get(t.Context(), &w, "deployment/"+app, "--namespace", namespace); err != nil {
			return err
		}
		if w.Spec.Replicas != replicas || w.Status.Replicas != replicas || w.Status.ReadyReplicas != replicas {
			return fmt.Errorf("it wants %d and has %+v", w.Spec.Replicas, w.Status)
		}
		return nil
	})
	t.Logf("%s has %d replicas after %.1f s", app, replicas, time.Since(after).Seconds())
}

// KEDA gives a worker replicas by what waits for it, and the cluster an API by its processor time. Both lose them again when the
// crowd has left and one customer still orders. The worker is slow, so that a few customers are a crowd.
func TestScaling_followsTheLoad(t *testing.T) {
	c, shop := shared, shared.shop
	c.scaled(t, `{"order-api": {"scaling": {"max": 3, "cpu": 300}},
		"order-worker": {"scaling": {"max": 4, "waiting": 1}, "resources": {"limits": {"cpu": "20m"}}}}`)
	one, began := startCrowd(t, shop, 1, 8*pace), time.Now()
	c.awaitReplicas(t, "order-worker", 1, began)
	c.awaitReplicas(t, "order-api", 1, began)
	crowd, began := startCrowd(t, shop, 6, 0), time.Now()
	c.awaitReplicas(t, "order-worker", 4, began)
	c.awaitReplicas(t, "order-api", 3, began)
	crowd.end(t, shop, false)
	ended := time.Now()
	c.awaitReplicas(t, "order-worker", 1, ended)
	c.awaitReplicas(t, "order-api", 1, ended)
	one.end(t, shop, false)
}

// A worker ends while nothing waits for it, and the first event starts it again.
func TestScaling_endsIdleWorkers(t *testing.T) {
	c, shop := shared, shared.shop
	c.scaled(t, `{"order-worker": {"scaling": {"min": 0}}}`)
	began := time.Now()
	product, customer := shop.NewProduct(t, shop.SignIn(t, "staff"), 10), shop.SignUp(t)
	c.awaitReplicas(t, "order-worker", 0, began)
	c.awaitGone(t) // one that is ending still takes events
	began = time.Now()
	order := shop.PlaceOrder(t, customer, product.ID, 1)
	books := shop.Books(t, []client.Placed{{Customer: customer, ID: order.ID}}, product)
	t.Logf("the first order is decided after %.1f s: %v", time.Since(began).Seconds(), books)
	c.awaitReplicas(t, "order-worker", 1, began)
}

// Once scaling is turned off, a worker that has ended comes back, and the next upgrade gives it its other replica.
func TestScaling_isTurnedOff(t *testing.T) {
	c := shared
	c.scaled(t, `{"order-worker": {"scaling": {"min": 0}}}`)
	for _, replicas := range []int{0, 1, 2} {
		if replicas > 0 {
			must.Get(c.helmOn(t.Context(), "upgrade", thisBuild))(t)
		}
		c.awaitReplicas(t, "order-worker", replicas, time.Now())
	}
}
