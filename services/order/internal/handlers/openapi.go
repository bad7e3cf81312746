package handlers

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// orderSchema returns the schema of an order in the API's description.
func orderSchema(api huma.API) *huma.Schema {
	return api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Order](), true, "Order")
}

// accepted describes the answer to a cancellation that is not done yet.
func accepted(api huma.API) *huma.Response {
	return &huma.Response{
		Description: "The order is not cancelled yet. The answer is the order as it is now.",
		Content:     map[string]*huma.MediaType{"application/json": {Schema: orderSchema(api)}},
	}
}

// eventStream describes server-sent events. OpenAPI can only describe the fields of one event.
func eventStream(api huma.API) *huma.Response {
	text := func(doc string) *huma.Schema { return &huma.Schema{Type: huma.TypeString, Description: doc} }
	return &huma.Response{
		Description: "A stream of events with these fields",
		Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{
			Type:     huma.TypeObject,
			Required: []string{"event", "id", "data"},
			Properties: map[string]*huma.Schema{
				"event": text("Always `order`"),
				"id":    text("The status that the order has reached"),
				"data":  orderSchema(api),
			},
		}}},
	}
}
