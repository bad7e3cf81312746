// Package handlers is what the service does for people, over HTTP, and for machines, on events and commands.
package handlers

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/identity"
	"stoa/pkg/messaging"
)

// Register adds the operations for people. All of them need a sign-in; whose orders somebody sees is up to the handlers.
func Register(api huma.API, h *API) {
	signedIn, tags := identity.SignedIn(), []string{"orders"}

	// Place an order: prices come from inventory, and an Idempotency-Key makes it safe to repeat.
	huma.Register(api, huma.Operation{
		OperationID: "place-order", Method: http.MethodPost, Path: "/api/v1/orders", DefaultStatus: http.StatusCreated,
		Summary: "Place an order", Tags: tags, Security: signedIn,
		Description: "The order is taken as pending, and confirmed or rejected moments later, once inventory has " +
			"reserved its stock. Sent again with the same Idempotency-Key it is not placed again: the answer is the same.",
		Errors: []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusRequestEntityTooLarge,
			http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, h.place)

	// One's own orders, newest first. An order is listed from the moment that it is decided.
	huma.Register(api, huma.Operation{
		OperationID: "list-orders", Method: http.MethodGet, Path: "/api/v1/orders",
		Summary: "List your orders", Tags: tags, Security: signedIn,
		Errors: []int{http.StatusUnauthorized, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, h.list)

	// One order: one's own; STAFF and ADMIN see any.
	huma.Register(api, huma.Operation{
		OperationID: "get-order", Method: http.MethodGet, Path: "/api/v1/orders/{id}",
		Summary: "Show an order", Tags: tags, Security: signedIn,
		Errors: []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusServiceUnavailable},
	}, h.get)

	// The same, live.
	huma.Register(api, huma.Operation{
		OperationID: "watch-order", Method: http.MethodGet, Path: "/api/v1/orders/{id}/events",
		Summary: "Follow an order", Tags: tags, Security: signedIn,
		Description: "Server-sent events named `order`: first the order as it is, then each change, until it is " +
			"delivered, rejected or cancelled, or until the access token expires or the session ends. Ask for " +
			"`Accept: text/event-stream`; otherwise the stream ends after ten seconds. Nobody may have more than five open.",
		Responses: map[string]*huma.Response{"200": eventStream(api)},
		Errors: []int{
			http.StatusUnauthorized, http.StatusNotFound, http.StatusTooManyRequests, http.StatusServiceUnavailable,
		},
	}, h.watch)

	// Call one's own order off, until it is shipped.
	huma.Register(api, huma.Operation{
		OperationID: "cancel-order", Method: http.MethodPost, Path: "/api/v1/orders/{id}/cancel",
		Summary: "Cancel an order", Tags: tags, Security: signedIn,
		Description: "Answers 200 once it is cancelled, and 202 if that takes longer than a moment, or at once with " +
			"`Prefer: respond-async`.",
		Responses: map[string]*huma.Response{"202": accepted(api)},
		Errors:    []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable},
	}, h.cancel)
}

// Subscriptions is the table of what the worker handles.
func Subscriptions(p *Progress) []messaging.Subscription {
	return []messaging.Subscription{
		// What became of the stock for an order.
		{Topic: "stock", On: map[string]messaging.Handler{
			"stock.reserved.v1": messaging.Typed(p.reserved),
			"stock.rejected.v1": messaging.Typed(p.rejected),
		}},
		// What somebody wants done to an order.
		{Topic: "order-commands", On: map[string]messaging.Handler{
			"order.cancel.v1":  messaging.Typed(p.cancel),
			"order.ship.v1":    messaging.Typed(p.ship),
			"order.deliver.v1": messaging.Typed(p.deliver),
		}},
	}
}
