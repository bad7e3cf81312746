package handlers

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// orderSchema returns the schema of an order in the API's description.
func orderSchema(api huma.API) *huma.Schema {
	return api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Order](), true, "Order")
}

// accepted describes the answer of an operation whose outcome is still open.
func accepted(api huma.API) *huma.Response {
	return &huma.Response{
		Description: "Asked for, and not done yet: the order as it is",
		Content:     map[string]*huma.MediaType{"application/json": {Schema: orderSchema(api)}},
	}
}

// eventStream describes server-sent events. OpenAPI has no words for them beyond one event's fields.
func eventStream(api huma.API) *huma.Response {
	text := func(doc string) *huma.Schema { return &huma.Schema{Type: huma.TypeString, Description: doc} }
	return &huma.Response{
		Description: "A stream of events, each with these fields",
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
