// Package handlers answers people over HTTP, and handles events and commands.
package handlers

import (
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/order/internal/domain"
)

// maxOrder is how large the body of an order may be: 100 lines with their prices, one value to a line, with long lines.
const maxOrder = 32 << 10

// handlers answers people.
type handlers struct {
	placement  *domain.Placement
	orders     *domain.Orders
	customers  *domain.Customers
	cancelWait time.Duration
	streams    slots
}

// Routes adds the operations for people. A cancellation waits for its outcome for up to cancelWait.
func Routes(
	api huma.API, placement *domain.Placement, orders *domain.Orders, customers *domain.Customers, cancelWait time.Duration,
) {
	h := &handlers{
		placement: placement, orders: orders, customers: customers, cancelWait: cancelWait, streams: slots{taken: map[string]int{}},
	}
	signedIn, verified, tags := identity.SignedIn(), identity.Verified(), []string{"orders"}

	// Place an order. Prices come from inventory; an Idempotency-Key makes it safe to repeat the request.
	huma.Register(api, huma.Operation{
		OperationID: "place-order", Method: http.MethodPost, Path: "/api/v1/orders", DefaultStatus: http.StatusCreated,
		Extensions: web.Repeatable, MaxBodyBytes: maxOrder,
		Summary: "Place an order", Tags: tags, Security: verified,
		Description: "The new order is pending. A moment later it is confirmed if inventory could reserve its stock, and " +
			"rejected if not. A second request with the same Idempotency-Key places no second order and gets the same answer. " +
			"Orders that are not shipped yet may have a limited number of pieces in all: an order above that is refused, or " +
			"rejected. If `items[].unitPrice` says which price the customer was shown, nothing is ordered at another price.",
		Responses: web.Refusals(map[int]string{
			http.StatusConflict: "The caller's orders that are not shipped yet would have too many pieces, or a price is not " +
				"`items[].unitPrice`: then each such line has an error with its price",
			http.StatusUnprocessableEntity: "An `items[].productId` is not a product, or is there twice, or `items` have more pieces than one order may have",
		}),
	}, h.place)

	// List the caller's orders, newest first. An order is listed once it is no longer pending.
	huma.Register(api, huma.Operation{
		OperationID: "list-orders", Method: http.MethodGet, Path: "/api/v1/orders",
		Summary: "List your orders, newest first", Tags: tags, Security: signedIn,
	}, h.list)

	// List what somebody has ordered who writes to the shop. Before /orders/{id}, which it looks like.
	huma.Register(api, huma.Operation{
		OperationID: "list-orders-of-customer", Method: http.MethodGet, Path: "/api/v1/orders/of-customer",
		Summary: "List the orders of a customer, newest first", Tags: tags, Security: identity.SignedIn(identity.Staff, identity.Admin),
		Responses: web.Refusals(map[int]string{
			http.StatusNotFound:            "No account has this `email`",
			http.StatusUnprocessableEntity: "Not exactly one of `email` and `account` is given",
		}),
	}, h.listOfCustomer)

	// Show an order of the caller; STAFF and ADMIN see every order.
	huma.Register(api, huma.Operation{
		OperationID: "get-order", Method: http.MethodGet, Path: "/api/v1/orders/{id}",
		Summary: "Show an order", Tags: tags, Security: signedIn,
	}, h.get)

	// Follow an order: show it, and then each change as it happens.
	huma.Register(api, huma.Operation{
		OperationID: "watch-order", Method: http.MethodGet, Path: "/api/v1/orders/{id}/events",
		Summary: "Follow an order", Tags: tags, Security: signedIn,
		Description: "Server-sent events named `order`: first the order as it is, then each change. The stream ends when the " +
			"order is delivered, rejected or cancelled, when the access token expires, or when the session ends. Send " +
			"`Accept: text/event-stream`; without it, the stream ends after ten seconds. You can have five streams open.",
		Responses: map[string]*huma.Response{"200": eventStream(api)},
	}, h.watch)

	// Cancel an order of the caller that is not shipped yet.
	huma.Register(api, huma.Operation{
		OperationID: "cancel-order", Method: http.MethodPost, Path: "/api/v1/orders/{id}/cancel",
		Summary: "Cancel an order", Tags: tags, Security: verified,
		Description: "The answer is 200 once the order is cancelled, and 202 if that takes longer than a moment. With " +
			"`Prefer: respond-async` it is 202 at once.",
		Responses: map[string]*huma.Response{
			"202": accepted(api), "409": {Description: "The order is shipped, delivered or rejected"},
		},
	}, h.cancel)
}
