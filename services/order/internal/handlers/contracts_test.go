package handlers

import (
	"testing"
	"time"

	contracts "stoa/api/events"
	"stoa/pkg/common/ids"
	"stoa/pkg/departures"
	"stoa/services/order/internal/domain"
)

// The bus of the tests checks every published payload; these are the payloads that the worker reads.
func TestSubscriptions_readPayloadsOfTheirSchemas(t *testing.T) {
	id := ids.New()
	asked := command{OrderID: id, By: "backoffice", Reason: "it is packed"}
	for eventType, payload := range map[string]any{
		"stock.reserved.v1":  stock{OrderID: id, Items: []domain.Wanted{{ProductID: ids.New(), Quantity: 1}}},
		"stock.rejected.v1":  stock{OrderID: id, Reason: "sold out"},
		"account.deleted.v1": departures.Departure{ID: id, At: time.Now().UTC(), Posts: "keep"},
		"order.cancel.v1":    asked,
		"order.ship.v1":      asked,
		"order.deliver.v1":   asked,
	} {
		if err := contracts.Check(eventType, payload); err != nil {
			t.Errorf("%s: %v", eventType, err)
		}
	}
}
