package events_test

import (
	"testing"

	"stoa/api/events"
)

func TestCheck_refusesNonsenseOfEveryType(t *testing.T) {
	types := events.Types()
	if len(types) < 10 {
		t.Fatalf("only %d types: %v", len(types), types)
	}
	for _, eventType := range types {
		if err := events.Check(eventType, map[string]any{"nonsense": true}); err == nil {
			t.Errorf("%s: nonsense must not pass", eventType)
		}
	}
}

func TestCheck_derivesTheStatusFromTheType(t *testing.T) {
	order := map[string]any{
		"id": "0198c6a0-0000-7000-8000-000000000001", "status": "confirmed",
		"customer":  map[string]any{"id": "0198c6a0-0000-7000-8000-000000000002", "email": "a@example.com", "name": "A"},
		"total":     map[string]any{"amount": 100, "currency": "EUR"},
		"createdAt": "2026-01-02T03:04:05Z", "updatedAt": "2026-01-02T03:04:05Z",
		"items": []any{map[string]any{
			"productId": "0198c6a0-0000-7000-8000-000000000003", "sku": "S", "name": "N", "quantity": 1,
			"unitPrice": map[string]any{"amount": 100, "currency": "EUR"},
		}},
	}
	if err := events.Check("order.confirmed.v1", order); err != nil {
		t.Error(err)
	}
	if err := events.Check("order.placed.v1", order); err == nil {
		t.Error("a confirmed order must not pass as order.placed.v1")
	}
}
