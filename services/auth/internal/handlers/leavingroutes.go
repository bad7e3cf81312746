package handlers

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
)

// erased describes what a deletion does.
const erased = "Within a minute, name, address and picture are gone from all services. Comments, and posts that stay, are by " +
	"\"deleted account\". Orders keep their number, lines and amounts; those that are not shipped are cancelled with `cancelOrders`, " +
	"and in the way without it: the answer names them."

// leavingRoutes adds the operations of owners who leave, or want to see what is known of them.
func (h *handlers) leavingRoutes(api huma.API) {
	signedIn, tags := identity.SignedIn(), []string{"profile"}

	// The password is asked for, so that an unlocked device is not enough.
	huma.Register(api, huma.Operation{
		OperationID: "delete-account", Method: http.MethodDelete, Path: base + "/profile/mine", Tags: tags,
		Summary: "Delete your account, for good", Security: signedIn, DefaultStatus: http.StatusAccepted, Description: erased,
		Responses: web.Refusals(map[int]string{
			http.StatusConflict:            "Orders of yours are not shipped, or you are the last ADMIN",
			http.StatusUnprocessableEntity: "`password` is not the password",
		}),
	}, h.deleteAccount)

	// In the background: every service is asked.
	huma.Register(api, huma.Operation{
		OperationID: "request-my-data", Method: http.MethodPost, Path: base + "/profile/mine/data", Tags: tags,
		Summary: "Have all that is stored about you collected", Security: signedIn, DefaultStatus: http.StatusAccepted,
		Description: "The archive is ready within a minute or so, and waits for a day. While there is one, this changes nothing.",
		Responses: web.Refusals(map[int]string{
			http.StatusUnprocessableEntity: "`password` is not the password",
			http.StatusTooManyRequests:     "There were too many wrong passwords, or an archive within the last hour",
		}),
	}, h.requestData)

	// Until it is ready.
	huma.Register(api, huma.Operation{
		OperationID: "my-data-state", Method: http.MethodGet, Path: base + "/profile/mine/data", Tags: tags,
		Summary: "Show whether the archive of your data is ready", Security: signedIn,
	}, h.dataState)

	// Not a GET, which gateways and sidecars may repeat: the archive is handed out once. If the answer ends early, it can be fetched again.
	huma.Register(api, huma.Operation{
		OperationID: "fetch-my-data", Method: http.MethodPost, Path: base + "/profile/mine/data/fetch", Tags: tags,
		Summary: "Fetch the archive of your data, once", Security: signedIn,
		Description: "One JSON document: `requestedAt`, and in `data` for each thing that a service keeps the `service`, the `kind` and the `data`.",
		Responses:   fetchAnswers(),
	}, h.fetchData)
}

// fetchAnswers describes the answers to those who fetch an archive.
func fetchAnswers() map[string]*huma.Response {
	answers := web.Refusals(map[int]string{
		http.StatusNotFound: "There is no archive", http.StatusConflict: "The archive is not ready, is being fetched, or was fetched",
	})
	answers["200"] = &huma.Response{
		Description: "The archive",
		Content:     map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}}},
	}
	return answers
}
