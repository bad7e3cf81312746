package e2e

import (
	"fmt"
	"slices"
	"testing"

	"stoa/pkg/common/ids"
	"stoa/test/client"
	"stoa/test/system"
)

// One trace id runs through the logs of everybody who has a part in an order. It is not the client's: the trace begins in the
// gateway, and anyone who has the id of the request finds it there.
func TestTrace_runsThroughAnOrder(t *testing.T) {
	t.Parallel()
	customer := shop.SignUp(t)
	product := shop.NewProduct(t, shop.SignIn(t, "staff"), 1)
	const theirs = "4bf92f3577b34da6a3ce929d0e0e4736"
	requestID := ids.New()
	var order client.Order
	shop.Must(t, client.Request{
		Method: "POST", Path: "/orders", As: customer, Body: client.OrderOf(product.ID, 1),
		Header: map[string]string{"traceparent": "00-" + theirs + "-00f067aa0ba902b7-01", "x-request-id": requestID},
	}, 201, &order)
	shop.AwaitMail(t, order.ID, "order-confirmed")

	type line struct {
		TraceID   string `json:"trace_id"`
		RequestID string `json:"request_id"`
	}
	traceID := ""
	system.Eventually(t, "the gateway has logged the request", func() error {
		lines := system.LogLines[line](t, shop.Dir(), "gateway")
		i := slices.IndexFunc(lines, func(l line) bool { return l.RequestID == requestID })
		if i < 0 {
			return fmt.Errorf("no line has the request %s", requestID)
		}
		traceID = lines[i].TraceID
		return nil
	})
	if traceID == "" || traceID == theirs {
		t.Errorf("got the trace %q", traceID)
	}
	for _, app := range []string{"order-api", "inventory-worker", "order-worker", "notification"} {
		system.Eventually(t, app+" has logged the trace", func() error {
			if !slices.ContainsFunc(system.LogLines[line](t, shop.Dir(), app), func(l line) bool { return l.TraceID == traceID }) {
				return fmt.Errorf("no line of %s has it", app)
			}
			return nil
		})
	}
}
