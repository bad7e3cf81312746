// Package handlers is the HTTP API of the auth service.
package handlers

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/identity"
	"stoa/services/auth/internal/domain"
)

// Handlers answers requests about accounts, sessions and keys.
type Handlers struct {
	accounts *domain.Accounts
	sessions Sessions
	tokens   Tokens
	newID    func() string
}

// New returns the handlers.
func New(accounts *domain.Accounts, sessions Sessions, tokens Tokens, newID func() string) *Handlers {
	return &Handlers{accounts: accounts, sessions: sessions, tokens: tokens, newID: newID}
}

// base is the path of all operations here.
const base = "/api/v1/auth"

// Register adds the operations to an API that identity.Protect guards.
func (h *Handlers) Register(api huma.API) {
	// Coming in.
	huma.Register(api, huma.Operation{
		OperationID: "sign-up", Method: http.MethodPost, Path: base + "/signup/basic", Tags: []string{"sign-in"},
		Summary: "Make an account and sign in to it", DefaultStatus: http.StatusCreated,
		Errors: []int{http.StatusConflict, http.StatusServiceUnavailable},
	}, h.signUp)
	huma.Register(api, huma.Operation{
		OperationID: "sign-in", Method: http.MethodPost, Path: base + "/signin/basic", Tags: []string{"sign-in"},
		Summary: "Sign in with e-mail address and password",
		Errors:  []int{http.StatusUnauthorized, http.StatusServiceUnavailable},
	}, h.signIn)

	// Oneself.
	huma.Register(api, huma.Operation{
		OperationID: "my-profile", Method: http.MethodGet, Path: base + "/profile/mine", Tags: []string{"profile"},
		Summary: "The own account", Security: identity.SignedIn(),
		Errors: []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusServiceUnavailable},
	}, h.myProfile)
}

// Register adds the operations on keys to an API that identity.Protect guards.
func (k *Keys) Register(api huma.API) {
	admin, tags := identity.SignedIn(identity.Admin), []string{"keys"}

	// For other programs.
	huma.Register(api, huma.Operation{
		OperationID: "key-set", Method: http.MethodGet, Path: base + "/.well-known/jwks.json", Tags: tags,
		Summary: "The keys against which access tokens verify (RFC 7517)",
	}, k.keySet)
	huma.Register(api, huma.Operation{
		OperationID: "verify-api-key", Method: http.MethodGet, Path: base + "/verify/apikey", Tags: tags,
		Summary: "Whether an API key is valid, and what it permits",
		Errors:  []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable},
	}, k.verify)

	// API keys, by those who hand them out.
	huma.Register(api, huma.Operation{
		OperationID: "create-api-key", Method: http.MethodPost, Path: base + "/apikeys", Tags: tags, Security: admin,
		Summary: "Make an API key", DefaultStatus: http.StatusCreated,
		Description: "The answer is the only one that shows the key. Sent again with the same Idempotency-Key, the answer " +
			"is 409 and names the key that there is.",
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusConflict, http.StatusServiceUnavailable},
	}, k.create)
	huma.Register(api, huma.Operation{
		OperationID: "list-api-keys", Method: http.MethodGet, Path: base + "/apikeys", Tags: tags, Security: admin,
		Summary: "List the API keys, newest first; also those that are revoked or have expired",
		Errors:  []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable},
	}, k.list)
	huma.Register(api, huma.Operation{
		OperationID: "get-api-key", Method: http.MethodGet, Path: base + "/apikeys/{id}", Tags: tags, Security: admin,
		Summary: "Show what is kept of an API key",
		Errors:  []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusServiceUnavailable},
	}, k.get)
	huma.Register(api, huma.Operation{
		OperationID: "revoke-api-key", Method: http.MethodDelete, Path: base + "/apikeys/{id}", Tags: tags, Security: admin,
		Summary: "Revoke an API key; it is refused everywhere within five seconds",
		Errors:  []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusServiceUnavailable},
	}, k.revoke)
}

// InternalBase is below which path the operations of RegisterInternal are. No route of the gateway leads there.
const InternalBase = "/internal"

// RegisterInternal adds what is for the other services only, through their sidecars, to an API of its own.
func (h *Handlers) RegisterInternal(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "session-liveness", Method: http.MethodGet, Path: "/sessions/{id}",
		Summary: "Whether a session still counts, and what its account may do now",
		Errors:  []int{http.StatusNotFound, http.StatusServiceUnavailable},
	}, h.liveness)
}
