package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"

	"stoa/internal/stack"
	"stoa/test/client"
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
		client.Eventually(t, app+" has logged the trace", func() error {
			if !logsTrace(t, app, traceID) {
				return fmt.Errorf("no line of %s has it", app)
			}
			return nil
		})
	}
}

// logsTrace reports whether a line of an app's log carries the trace id.
func logsTrace(t *testing.T, app, traceID string) bool {
	t.Helper()
	return slices.ContainsFunc(logOf(t, shop, app), func(line map[string]any) bool { return line["trace_id"] == traceID })
}

// logOf reads an app's log.
func logOf(t *testing.T, shop *client.Shop, app string) []map[string]any {
	t.Helper()
	file, err := os.Open(stack.LogFile(shop.Dir(), app))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var lines []map[string]any
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		line := map[string]any{}
		if json.Unmarshal(scanner.Bytes(), &line) == nil {
			lines = append(lines, line)
		}
	}
	return lines
}
