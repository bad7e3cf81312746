package handlers

import (
	"encoding/json"
	"testing"
	"time"

	"stoa/api/events"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/services/inventory/internal/domain"
)

// What is read of an order is part of its schema.
func TestEvents_areReadAsTheyAreSent(t *testing.T) {
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
		raw := must.Get(json.Marshal(sent))(t)
		var got order
		must.Do(t, json.Unmarshal(raw, &got))
		if got.ID != id || len(got.Items) != 1 || got.Items[0] != (domain.Line{ProductID: id, Quantity: 3}) {
			t.Errorf("%s was read as %+v", eventType, got)
		}
	}
}
