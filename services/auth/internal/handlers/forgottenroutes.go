package handlers

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
)

// forgottenRoutes adds the operations for those who have forgotten their passwords.
func (h *handlers) forgottenRoutes(api huma.API) {
	tags := []string{"sign-in"}

	// The answer is the same for every address, and takes the same time.
	huma.Register(api, huma.Operation{
		OperationID: "mail-password-link", Method: http.MethodPost, Path: base + "/password/forgotten", Tags: tags,
		Summary: "Get a link by mail that sets a forgotten password", DefaultStatus: http.StatusAccepted,
		Description: "If an account has this address, the mail comes within a minute. Nobody else learns whether one has. The link is valid " +
			"for an hour, and once. Three times an hour at most for an address.",
		Errors:    []int{http.StatusTooManyRequests},
		Responses: web.Refusals(map[int]string{http.StatusUnprocessableEntity: "`email` is not an address"}),
	}, h.mailPasswordLink)

	// Anyone who has read the mail is the owner of the address.
	huma.Register(api, huma.Operation{
		OperationID: "set-forgotten-password", Method: http.MethodPut, Path: base + "/password/forgotten", Tags: tags,
		Summary: "Set a password by a mailed link, and end all sessions", DefaultStatus: http.StatusNoContent,
		Description: "It verifies the e-mail address too. Sign in with the new password then.",
		Responses: web.Refusals(map[int]string{
			http.StatusUnprocessableEntity: "`link` was used or is too old, or `new` has more than 100 bytes",
		}),
	}, h.setForgottenPassword)
}
