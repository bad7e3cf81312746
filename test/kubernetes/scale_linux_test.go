package kubernetes

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"stoa/pkg/common/must"
	"stoa/test/system"
)

// Workers and APIs get more replicas and fewer while customers order.
func TestScale_losesNothing(t *testing.T) {
	c, shop := shared, shared.shop
	load := startLoad(t, shop)
	for _, replicas := range []int{4, 1, 2} {
		for _, app := range []string{"order-api", "order-worker", "inventory-worker"} {
			must.Get(c.Kubectl(t.Context(), "scale", "--namespace", namespace, "deployment/"+app, fmt.Sprint("--replicas=", replicas)))(t)
		}
		c.awaitReady(t)
		for _, app := range []string{"order-api", "order-worker", "inventory-worker"} {
			system.Within(t, patience, fmt.Sprintf("%s has %d replicas", app, replicas), func() error {
				if pods := c.appPods(t, app); len(pods) != replicas {
					return fmt.Errorf("it has %d", len(pods))
				}
				return nil
			})
		}
	}
	load.end(t, shop)
}

// Every pod of an app is evicted, as when a node is drained: the first of two may go, and the second only once the first is
// replaced.
func TestDrain_keepsOneOfEachApp(t *testing.T) {
	c, shop := shared, shared.shop
	load := startLoad(t, shop)
	byApp := map[string][]pod{}
	for _, p := range c.appPods(t, "") {
		byApp[p.app()] = append(byApp[p.app()], p)
	}
	for app, pods := range byApp {
		if len(pods) != 2 {
			t.Fatalf("%s has %d pods", app, len(pods))
		}
		must.Do(t, c.evict(t, pods[0]))
		if err := c.evict(t, pods[1]); err == nil || !strings.Contains(err.Error(), "disruption budget") {
			t.Errorf("both pods of %s may go at once: %v", app, err)
		}
	}
	c.awaitReady(t)
	for app, pods := range byApp {
		system.Within(t, patience, "the other pod of "+app+" may go", func() error { return c.evict(t, pods[1]) })
	}
	c.awaitReady(t)
	load.end(t, shop)
}

// evict asks the cluster to end a pod, which it refuses while that would violate a disruption budget.
func (c *cluster) evict(t *testing.T, p pod) error {
	eviction := must.Get(json.Marshal(map[string]any{
		"apiVersion": "policy/v1", "kind": "Eviction", "metadata": map[string]string{"name": p.Metadata.Name, "namespace": namespace},
	}))(t)
	path := fmt.Sprintf("/api/v1/namespaces/%s/pods/%s/eviction", namespace, p.Metadata.Name)
	_, err := c.KubectlWith(t.Context(), string(eviction), "create", "--raw", path, "--filename", "-")
	return err
}
