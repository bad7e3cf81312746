package e2e

import (
	"testing"

	"stoa/internal/stack"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/servers"
	"stoa/test/system"
)

// TestTopics_mayBeOnTwoBrokers runs the events about the stock over Redis and all others over NATS. No order is confirmed
// without both.
func TestTopics_mayBeOnTwoBrokers(t *testing.T) {
	t.Parallel()
	redis := servers.Redis(t)
	split := client.Start(t, system.Folder(t), func(o *stack.Options) { o.Bus, o.Secrets = "nats-and-redis", redis.Secrets })
	customer, staff := split.SignUp(t), split.SignIn(t, "staff")
	product := split.NewProduct(t, staff, 5)
	order := split.PlaceOrder(t, customer, product.ID, 2)
	split.AwaitOrder(t, customer, order.ID, "confirmed")
	if p := split.Product(t, product.ID); p.Available != 3 {
		t.Errorf("%d of 5 are available after an order of 2", p.Available)
	}
	must.Do(t, redis.Kill())
	waiting := split.PlaceOrder(t, customer, product.ID, 1)
	must.Do(t, redis.Restart(t.Context()))
	split.AwaitOrder(t, customer, waiting.ID, "confirmed")
}
