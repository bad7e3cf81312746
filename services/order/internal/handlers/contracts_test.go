package handlers

import (
	"encoding/json"
	"testing"
	"time"

	contracts "stoa/api/events"
	"stoa/internal/golden"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/order/internal/domain"
)

// The bus of the tests checks every published payload; these are the payloads that the worker reads.
func TestSubscriptions_readPayloadsOfTheirSchemas(t *testing.T) {
	id := ids.New()
	asked := command{OrderID: id, By: "backoffice", Reason: "it is packed"}
	for eventType, payload := range map[string]any{
		"stock.reserved.v1": reserved{OrderID: id, Items: []domain.Wanted{{ProductID: ids.New(), Quantity: 1}}},
		"stock.rejected.v1": rejected{OrderID: id, Reason: "sold out"},
		"order.cancel.v1":   asked,
		"order.ship.v1":     asked,
		"order.deliver.v1":  asked,
	} {
		if err := contracts.Check(eventType, payload); err != nil {
			t.Errorf("%s: %v", eventType, err)
		}
	}
}

func TestOpenAPI_isUpToDate(t *testing.T) {
	api := web.NewAPI(web.NewRouter(), "Orders", "Place, follow and cancel orders.")
	identity.Protect(api, nil)
	Routes(api, nil, nil, time.Second)
	raw, err := json.MarshalIndent(api.OpenAPI(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "api/openapi/order.json", append(raw, '\n'))
}
