// Package handlers receives events and answers the staff.
package handlers

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gorilla/mux"

	"stoa/pkg/identity"
)

// base is the path of all operations for people.
const base = "/api/v1/backoffice"

// Register adds the operations to an API that identity.Protect guards.
func (h *Handlers) Register(api huma.API) {
	// Orders to be packed, shipped and delivered.
	fulfilments := []string{"fulfilments"}
	huma.Register(api, huma.Operation{
		OperationID: "list-fulfilments", Method: http.MethodGet, Path: base + "/fulfilments", Tags: fulfilments,
		Summary: "Orders and how far they are, newest first", Security: staff(), Errors: refusals(),
	}, h.listFulfilments)
	huma.Register(api, huma.Operation{
		OperationID: "ship", Method: http.MethodPost, Path: base + "/fulfilments/{orderId}/ship", Tags: fulfilments,
		Summary: "Say that an order has left the house", Security: staff(),
		Errors: refusals(http.StatusNotFound, http.StatusConflict),
	}, h.ship)
	huma.Register(api, huma.Operation{
		OperationID: "deliver", Method: http.MethodPost, Path: base + "/fulfilments/{orderId}/deliver", Tags: fulfilments,
		Summary: "Say that an order has arrived", Security: staff(),
		Errors: refusals(http.StatusNotFound, http.StatusConflict),
	}, h.deliver)

	// Events that a consumer could not handle.
	letters := []string{"dead letters"}
	huma.Register(api, huma.Operation{
		OperationID: "list-dead-letters", Method: http.MethodGet, Path: base + "/dead-letters", Tags: letters,
		Summary: "Events that could not be handled, newest first", Security: staff(), Errors: refusals(),
	}, h.listDeadLetters)
	huma.Register(api, huma.Operation{
		OperationID: "get-dead-letter", Method: http.MethodGet, Path: base + "/dead-letters/{id}", Tags: letters,
		Summary: "One of them", Security: staff(), Errors: refusals(http.StatusNotFound),
	}, h.getDeadLetter)
	huma.Register(api, huma.Operation{
		OperationID: "replay-dead-letter", Method: http.MethodPost, Path: base + "/dead-letters/{id}/replay", Tags: letters,
		Summary: "Publish the event again, once its cause is mended", Security: staff(),
		Errors: refusals(http.StatusNotFound, http.StatusConflict),
	}, h.replayDeadLetter)
	huma.Register(api, huma.Operation{
		OperationID: "delete-dead-letter", Method: http.MethodDelete, Path: base + "/dead-letters/{id}", Tags: letters,
		Summary: "Drop it for good", Security: staff(), DefaultStatus: http.StatusNoContent,
		Errors: refusals(http.StatusNotFound, http.StatusConflict),
	}, h.deleteDeadLetter)
}

// Bind adds what the sidecar calls on schedule: a path for each cron binding component, by its name.
func (h *Handlers) Bind(router *mux.Router) {
	// Tidies the lists.
	router.Path("/compact").Methods(http.MethodPost).HandlerFunc(h.compact)
}

func staff() []map[string][]string { return identity.SignedIn(identity.Staff, identity.Admin) }

// refusals lists the statuses that every operation here may answer with, and these.
func refusals(statuses ...int) []int {
	return append(statuses, http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable)
}
