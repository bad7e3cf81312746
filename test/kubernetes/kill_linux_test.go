package kubernetes

import (
	"fmt"
	"testing"
	"time"

	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// victims are killed one after the other. Of a pod only a container is, unless container is "".
var victims = []struct{ namespace, selector, app, container string }{
	{app: "order-worker"},
	{app: "inventory-worker", container: "daprd"},
	{namespace: namespace, selector: "app.kubernetes.io/name=broker"},
	{app: "order-api", container: "daprd"},
	{namespace: daprNamespace, selector: "app=dapr-sentry"},
	{app: "gateway"},
	{namespace: daprNamespace, selector: "app=dapr-operator"},
	{namespace: daprNamespace, selector: "app=dapr-sidecar-injector"},
	{app: "notification"},
	{namespace: daprNamespace, selector: "app=dapr-placement-server"},
	{app: "backoffice", container: "daprd"},
	{namespace: daprNamespace, selector: "app=dapr-scheduler-server"},
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
		name := c.kill(t, victim.namespace, victim.selector, victim.app, victim.container)
		began := time.Now()
		for order := range taken {
			accepted = append(accepted, order)
		}
		placed := time.Since(began)
		c.awaitReady(t)
		c.awaitDapr(t)
		t.Logf("%s was killed; the orders were placed after %.1f s, and all was ready after %.1f s", name, placed.Seconds(), time.Since(began).Seconds())
	}
	t.Logf("%d orders were taken: %v", len(accepted), shop.Books(t, accepted, products...))
}

// kill kills a pod, or a container of one, and says which. On another's cluster, a whole pod.
func (c *cluster) kill(t *testing.T, namespace, selector, app, container string) string {
	t.Helper()
	var found []pod
	if app != "" {
		found = c.appPods(t, app)
	} else {
		found = must.Get(c.pods(t.Context(), namespace, selector))(t)
	}
	if len(found) == 0 {
		t.Fatalf("there is no pod %s%s in %s", app, selector, namespace)
	}
	victim := found[0]
	if container != "" && c.node != nil {
		s, ok := victim.container(container)
		if !ok {
			t.Fatalf("%s has no container %s", victim.Metadata.Name, container)
		}
		must.Do(t, c.node.KillContainer(s.ContainerID))
		return container + " of " + victim.Metadata.Name
	}
	must.Get(c.Kubectl(t.Context(), "delete", "pod", victim.Metadata.Name, "--namespace", victim.Metadata.Namespace, "--grace-period=0", "--force"))(t)
	return victim.Metadata.Name
}

// awaitDapr waits until the control plane is complete.
func (c *cluster) awaitDapr(t *testing.T) {
	t.Helper()
	system.Within(t, patience, "the control plane is ready", func() error {
		pods, err := c.pods(t.Context(), daprNamespace, "app.kubernetes.io/part-of=dapr")
		ready := 0
		for _, p := range pods {
			if p.ready() {
				ready++
			}
		}
		if err == nil && ready != 5 {
			err = fmt.Errorf("%d pods are", ready)
		}
		return err
	})
}
