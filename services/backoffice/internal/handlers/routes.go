// Package handlers answers the staff over HTTP, and handles events.
package handlers

import (
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gorilla/mux"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/backoffice/internal/domain"
)

// base is the path of all operations for the staff.
const base = "/api/v1/backoffice"

// handlers answers the staff.
type handlers struct {
	fulfilments *domain.Fulfilments
	letters     *domain.DeadLetters
	commandWait time.Duration
}

// Routes adds the operations for the staff. A step waits for its outcome for up to commandWait.
func Routes(api huma.API, f *domain.Fulfilments, l *domain.DeadLetters, commandWait time.Duration) {
	h := &handlers{fulfilments: f, letters: l, commandWait: commandWait}
	staff := identity.SignedIn(identity.Staff, identity.Admin)
	fulfilments, letters := []string{"fulfilments"}, []string{"dead letters"}

	// List the orders to be shipped and delivered, and those that are.
	huma.Register(api, huma.Operation{
		OperationID: "list-fulfilments", Method: http.MethodGet, Path: base + "/fulfilments", Tags: fulfilments,
		Summary: "List fulfilments, newest first", Security: staff,
		Description: "Without a status, the queued ones come first, then those that are shipped, delivered and cancelled.",
	}, h.listFulfilments)

	// Ship an order: order-worker decides, and says so by an event.
	huma.Register(api, huma.Operation{
		OperationID: "ship", Method: http.MethodPost, Path: base + "/fulfilments/{orderId}/ship", Tags: fulfilments,
		Summary: "Mark an order as shipped", Security: staff, Responses: stepAnswers(api, "shipped", "The order is not queued"),
	}, h.step(domain.Ship))

	// Deliver an order, in the same way.
	huma.Register(api, huma.Operation{
		OperationID: "deliver", Method: http.MethodPost, Path: base + "/fulfilments/{orderId}/deliver", Tags: fulfilments,
		Summary: "Mark an order as delivered", Security: staff, Responses: stepAnswers(api, "delivered", "The order is not shipped"),
	}, h.step(domain.Deliver))

	// List the events that a consumer could not handle.
	huma.Register(api, huma.Operation{
		OperationID: "list-dead-letters", Method: http.MethodGet, Path: base + "/dead-letters", Tags: letters,
		Summary: "List dead letters, newest first", Security: staff,
	}, h.listDeadLetters)

	// Show a dead letter.
	huma.Register(api, huma.Operation{
		OperationID: "get-dead-letter", Method: http.MethodGet, Path: base + "/dead-letters/{id}", Tags: letters,
		Summary: "Show a dead letter", Security: staff,
	}, h.getDeadLetter)

	// Publish the event of a dead letter again, once its cause is fixed.
	huma.Register(api, huma.Operation{
		OperationID: "replay-dead-letter", Method: http.MethodPost, Path: base + "/dead-letters/{id}/replay", Tags: letters,
		Summary: "Publish the event of a dead letter again", Security: staff,
		Responses: web.Refusals(map[int]string{http.StatusConflict: "The topic of the event is not known"}),
	}, h.replayDeadLetter)

	// Delete a dead letter.
	huma.Register(api, huma.Operation{
		OperationID: "delete-dead-letter", Method: http.MethodDelete, Path: base + "/dead-letters/{id}", Tags: letters,
		Summary: "Delete a dead letter", Security: staff, DefaultStatus: http.StatusNoContent,
		Responses: web.Refusals(map[int]string{http.StatusConflict: "Somebody else changed the dead letter in the meantime"}),
	}, h.deleteDeadLetter)
}

// Schedules adds what the sidecar calls on schedule.
func Schedules(router *mux.Router, f *domain.Fulfilments, l *domain.DeadLetters) {
	web.OnSchedule(router, "compact", f.Compact, l.Compact)
}

// listing is the answer of an operation that lists.
type listing[T any] struct{ Body web.Listing[T] }
