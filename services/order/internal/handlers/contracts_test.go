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
	"stoa/services/order/internal/domain"
)

// What the worker reads is what the schemas say. What is published is held against them wherever a test publishes.
func TestPayloadsMatchTheirSchemas(t *testing.T) {
	id := ids.New()
	asked := command{OrderID: id, By: "backoffice", Reason: "it is packed"}
	for eventType, payload := range map[string]any{
		"stock.reserved.v1": reserved{OrderID: id, Items: []domain.Wanted{{ProductID: ids.New(), Quantity: 1}}},
		"stock.rejected.v1": rejected{OrderID: id, Reason: "sold out"},
		"order.cancel.v1":   asked,
		"order.ship.v1":     asked,
		"order.deliver.v1":  asked,
	} {
		if err := events.Check(eventType, payload); err != nil {
			t.Errorf("%s: %v", eventType, err)
		}
	}
}

func TestOpenAPI(t *testing.T) {
	api := web.NewAPI(web.NewRouter(), "Orders", "Place orders, follow them, call them off.")
	identity.Protect(api, nil)
	Register(api, NewAPI(nil, nil, nil, nil, time.Second))
	raw, err := json.MarshalIndent(api.OpenAPI(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "api/openapi/order.json", append(raw, '\n'))
}
