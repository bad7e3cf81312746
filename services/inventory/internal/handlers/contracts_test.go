package handlers

import (
	"encoding/json"
	"testing"
	"time"

	"stoa/api/events"
	"stoa/internal/golden"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
)

func TestPayloadsMatchTheirSchemas(t *testing.T) {
	id := ids.New()
	for eventType, payload := range map[string]any{
		"stock.reserved.v1": reserved{OrderID: id, Items: []item{{ProductID: id, Quantity: 1}}},
		"stock.rejected.v1": rejected{OrderID: id, Reason: "sold out", Shortages: []shortage{{id, 2, 1}}},
		"stock.low.v1":      low{ProductID: id, SKU: "S", Name: "N", Available: 0, Threshold: 5},
	} {
		if err := events.Check(eventType, payload); err != nil {
			t.Errorf("%s: %v", eventType, err)
		}
	}
}

// What is read of an order is a part of what the schema says there is.
func TestOrdersAreReadAsTheyAreSent(t *testing.T) {
	id, price := ids.New(), map[string]any{"amount": 100, "currency": "EUR"}
	for eventType, status := range map[string]string{
		"order.placed.v1": "pending", "order.rejected.v1": "rejected", "order.cancelled.v1": "cancelled", "order.shipped.v1": "shipped",
	} {
		sent := map[string]any{
			"id": id, "status": status, "total": price, "createdAt": time.Now(), "updatedAt": time.Now(),
			"customer": map[string]any{"id": id, "email": "alice@example.com", "name": "Alice"},
			"items":    []any{map[string]any{"productId": id, "sku": "S", "name": "N", "quantity": 3, "unitPrice": price}},
		}
		if err := events.Check(eventType, sent); err != nil {
			t.Fatalf("%s: %v", eventType, err)
		}
		raw, err := json.Marshal(sent)
		if err != nil {
			t.Fatal(err)
		}
		var got order
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatal(err)
		}
		if got.ID != id || len(got.Items) != 1 || got.Items[0] != (item{ProductID: id, Quantity: 3}) {
			t.Errorf("%s was read as %+v", eventType, got)
		}
	}
}

func TestOpenAPI(t *testing.T) {
	api := web.NewAPI(web.NewRouter(), "Inventory", "The catalogue and the stock.")
	identity.Protect(api, nil)
	Register(api, nil)
	raw, err := json.MarshalIndent(api.OpenAPI(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "api/openapi/inventory.json", append(raw, '\n'))
}
