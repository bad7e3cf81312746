package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// victim is what is killed: a pod, or the processes of one of its containers. A StatefulSet's pod is not removed by force, since
// its successor may not run beside it.
type victim struct{ namespace, selector, container string }

func ofApp(app, container string) victim {
	return victim{namespace, "app.kubernetes.io/name=" + app, container}
}

// victims are killed one after the other.
var victims = []victim{
	ofApp("order-worker", ""),
	ofApp("inventory-worker", "daprd"),
	ofApp("broker", "broker"),
	ofApp("order-api", "daprd"),
	{daprNamespace, "app=dapr-sentry", ""},
	ofApp("gateway", ""),
	{daprNamespace, "app=dapr-operator", ""},
	{daprNamespace, "app=dapr-sidecar-injector", ""},
	ofApp("inventory-api", "app"),
	{daprNamespace, "app=dapr-placement-server", "dapr-placement-server"},
	ofApp("backoffice", "daprd"),
	{daprNamespace, "app=dapr-scheduler-server", "dapr-scheduler-server"},
}

const orders = 500

// A pod, a sidecar, the broker, and every part of Dapr's own control plane die while orders are placed: each order that is
// taken is decided, and the stock is what the orders say.
func TestKills_loseNoOrder(t *testing.T) {
	c, shop := shared, shared.shop
	staff := shop.SignIn(t, "staff")
	products := []client.Product{shop.NewProduct(t, staff, orders), shop.NewProduct(t, staff, orders/4)}
	var buyers []client.User
	for range 6 {
		buyers = append(buyers, shop.SignUp(t))
	}
	complete := len(c.daprPods(t))
	var accepted []client.Placed
	for i, victim := range victims {
		var requests []client.Request
		for n := orders * i / len(victims); n < orders*(i+1)/len(victims); n++ {
			request := client.OrderBy(buyers[n%len(buyers)], products[n%len(products)].ID, 1)
			request.Key = fmt.Sprint("killed-", n)
			requests = append(requests, request)
		}
		taken := shop.InsistAll(t, requests)
		accepted = append(accepted, <-taken, <-taken) // work is under way
		name, killed := c.kill(t, victim)
		began := time.Now()
		for order := range taken {
			accepted = append(accepted, order)
		}
		placed := time.Since(began)
		system.Within(t, patience, name+" is replaced", func() error { return c.replaced(t.Context(), victim, killed) })
		c.awaitReady(t)
		c.awaitDapr(t, complete)
		t.Logf("%s was killed; the orders were placed after %.1f s, and all was ready after %.1f s", name, placed.Seconds(), time.Since(began).Seconds())
	}
	t.Logf("%d orders were taken: %v", len(accepted), shop.Books(t, accepted, products...))
}

// Nothing in Stoa needs these parts of the control plane. But no sidecar that knows of them is ready before they have answered: their
// outage would let no pod start and no update end. So the chart says nothing of them.
func TestPods_startWithoutPlacementAndScheduler(t *testing.T) {
	c, ctx := shared, context.WithoutCancel(t.Context())
	left := len(c.daprPods(t))
	for _, name := range []string{"dapr-placement-server", "dapr-scheduler-server"} {
		var part workload
		must.Do(t, c.Get(ctx, &part, "statefulset", name, "--namespace", daprNamespace))
		scale := func(replicas int) error {
			_, err := c.Kubectl(ctx, "scale", "statefulset", name, "--namespace", daprNamespace, fmt.Sprint("--replicas=", replicas))
			return err
		}
		t.Cleanup(func() { must.Do(t, scale(part.Spec.Replicas)) })
		must.Do(t, scale(0))
		left -= part.Spec.Replicas
	}
	c.awaitDapr(t, left)
	began, victim := time.Now(), ofApp("order-api", "")
	name, killed := c.kill(t, victim)
	system.Within(t, patience, name+" is replaced", func() error { return c.replaced(t.Context(), victim, killed) })
	c.awaitReady(t)
	t.Logf("%s was killed, and all was ready after %.1f s", name, time.Since(began).Seconds())
}

// kill kills a victim and says which it was, and which pod that is. On another's cluster it deletes the pod.
func (c *cluster) kill(t *testing.T, v victim) (string, pod) {
	t.Helper()
	found := slices.DeleteFunc(must.Get(c.pods(t.Context(), v.namespace, v.selector))(t), func(p pod) bool { return !p.ready() })
	if len(found) == 0 {
		t.Fatalf("there is no ready pod with %s in %s", v.selector, v.namespace)
	}
	name := found[0].Metadata.Name
	switch {
	case v.container == "":
		must.Get(c.Kubectl(t.Context(), "delete", "pod", name, "--namespace", v.namespace, "--grace-period=0", "--force"))(t)
	case c.node == nil:
		must.Get(c.Kubectl(t.Context(), "delete", "pod", name, "--namespace", v.namespace, "--now"))(t)
	default:
		must.Do(t, c.node.KillContainer(found[0].container(v.container).ContainerID))
		name += "/" + v.container
	}
	return name, found[0]
}

// replaced returns an error as long as the cluster shows the victim as it was.
func (c *cluster) replaced(ctx context.Context, v victim, killed pod) error {
	pods, err := c.pods(ctx, v.namespace, v.selector)
	for _, p := range pods {
		restarts := p.container(v.container).RestartCount - killed.container(v.container).RestartCount
		if p.Metadata.UID == killed.Metadata.UID && restarts == 0 {
			return fmt.Errorf("%s is not", p.Metadata.Name)
		}
	}
	return err
}

// daprPods lists the pods of the control plane.
func (c *cluster) daprPods(t *testing.T) []pod {
	t.Helper()
	return must.Get(c.pods(t.Context(), daprNamespace, ofDapr))(t)
}

// awaitDapr waits until the control plane has so many pods again, all ready.
func (c *cluster) awaitDapr(t *testing.T, count int) {
	t.Helper()
	system.Within(t, patience, "the control plane is ready", func() error {
		pods := c.daprPods(t)
		if len(pods) != count {
			return fmt.Errorf("it has %d pods, not %d", len(pods), count)
		}
		for _, p := range pods {
			if !p.ready() {
				return fmt.Errorf("%s is not", p.Metadata.Name)
			}
		}
		return nil
	})
}
