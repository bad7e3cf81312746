package e2e

import (
	"fmt"
	"slices"
	"testing"

	"stoa/test/client"
	"stoa/test/system"
)

// One trace id runs through the logs of everybody who has a part in an order.
func TestTrace_runsThroughAnOrder(t *testing.T) {
	t.Parallel()
	customer := shop.SignUp(t)
	product := shop.NewProduct(t, shop.SignIn(t, "staff"), 1)
	const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	var order client.Order
	shop.Must(t, client.Request{
		Method: "POST", Path: "/orders", As: customer, Body: client.OrderOf(product.ID, 1),
		Header: map[string]string{"traceparent": "00-" + traceID + "-00f067aa0ba902b7-01"},
	}, 201, &order)
	shop.AwaitMail(t, order.ID, "order-confirmed")

	for _, app := range []string{"gateway", "order-api", "inventory-worker", "order-worker", "notification"} {
		system.Eventually(t, app+" has logged the trace", func() error {
			type line struct {
				TraceID string `json:"trace_id"`
			}
			if !slices.Contains(system.LogLines[line](t, shop.Dir(), app), line{traceID}) {
				return fmt.Errorf("no line of %s has it", app)
			}
			return nil
		})
	}
}
