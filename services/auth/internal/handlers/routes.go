// Package handlers is the HTTP API of the auth service.
package handlers

import (
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/identity"
	"stoa/services/auth/internal/domain"
)

// Tokens issues access tokens and publishes the keys against which they verify.
type Tokens interface {
	Issue(account domain.Account, sessionID string) (token string, ttl time.Duration, err error)
	KeySet() identity.KeySet
}

// Handlers answers requests about accounts, sessions and keys.
type Handlers struct {
	accounts *domain.Accounts
	sessions *domain.Sessions
	tokens   Tokens
}

// New returns the handlers.
func New(accounts *domain.Accounts, sessions *domain.Sessions, tokens Tokens) *Handlers {
	return &Handlers{accounts: accounts, sessions: sessions, tokens: tokens}
}

// base is the path of all operations here.
const base = "/api/v1/auth"

// Register adds the operations to an API that identity.Protect guards.
func (h *Handlers) Register(api huma.API) {
	h.registerSignIn(api)
	h.registerSessions(api)
	h.registerProfiles(api)
	h.registerUsers(api)
}

// registerSignIn adds the ways to come in.
func (h *Handlers) registerSignIn(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "sign-up", Method: http.MethodPost, Path: base + "/signup/basic", Tags: []string{"sign-in"},
		Summary: "Make an account and sign in to it", DefaultStatus: http.StatusCreated,
		Errors: []int{http.StatusConflict, http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}, h.signUp)
	huma.Register(api, huma.Operation{
		OperationID: "sign-in", Method: http.MethodPost, Path: base + "/signin/basic", Tags: []string{"sign-in"},
		Summary: "Sign in with e-mail address and password",
		Errors:  []int{http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}, h.signIn)
	huma.Register(api, huma.Operation{
		OperationID: "refresh", Method: http.MethodPost, Path: base + "/token/refresh", Tags: []string{"sign-in"},
		Summary: "Exchange a refresh token for the next pair of tokens",
		Description: "A refresh token is for one use. Of several who send the same one at once, one gets the next pair and the " +
			"others 409. One that comes again later ends its session: somebody has a copy of it.",
		Errors: []int{http.StatusUnauthorized, http.StatusConflict, http.StatusServiceUnavailable},
	}, h.refresh)
}

// registerSessions adds what there is to do about one's sessions.
func (h *Handlers) registerSessions(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "sign-out", Method: http.MethodDelete, Path: base + "/signout", Tags: []string{"sessions"},
		Summary: "End the session of this request", Security: identity.SignedIn(),
		Errors: []int{http.StatusUnauthorized, http.StatusServiceUnavailable},
	}, h.signOut)
	huma.Register(api, huma.Operation{
		OperationID: "list-sessions", Method: http.MethodGet, Path: base + "/sessions", Tags: []string{"sessions"},
		Summary: "Where one is signed in", Security: identity.SignedIn(),
		Errors: []int{http.StatusUnauthorized, http.StatusServiceUnavailable},
	}, h.listSessions)
	huma.Register(api, huma.Operation{
		OperationID: "end-session", Method: http.MethodDelete, Path: base + "/sessions/{id}", Tags: []string{"sessions"},
		Summary: "End one of one's sessions", Security: identity.SignedIn(),
		Errors: []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusServiceUnavailable},
	}, h.endSession)
	huma.Register(api, huma.Operation{
		OperationID: "end-other-sessions", Method: http.MethodDelete, Path: base + "/sessions", Tags: []string{"sessions"},
		Summary: "End all of one's sessions but that of this request", Security: identity.SignedIn(),
		Errors: []int{http.StatusUnauthorized, http.StatusServiceUnavailable},
	}, h.endOtherSessions)
	huma.Register(api, huma.Operation{
		OperationID: "change-password", Method: http.MethodPut, Path: base + "/password", Tags: []string{"sessions"},
		Summary:  "Change the own password, and end all sessions but that of this request",
		Security: identity.SignedIn(), DefaultStatus: http.StatusNoContent,
		Errors: []int{http.StatusUnauthorized, http.StatusConflict, http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}, h.changePassword)
}

// registerProfiles adds what people show of themselves.
func (h *Handlers) registerProfiles(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "my-profile", Method: http.MethodGet, Path: base + "/profile/mine", Tags: []string{"profile"},
		Summary: "The own account", Security: identity.SignedIn(),
		Errors: []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusServiceUnavailable},
	}, h.myProfile)
	huma.Register(api, huma.Operation{
		OperationID: "change-profile", Method: http.MethodPatch, Path: base + "/profile/mine", Tags: []string{"profile"},
		Summary: "Change what the own account shows; what is not sent stays", Security: identity.SignedIn(),
		Errors: []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusServiceUnavailable},
	}, h.changeProfile)
	huma.Register(api, huma.Operation{
		OperationID: "profile", Method: http.MethodGet, Path: base + "/profile/id/{id}", Tags: []string{"profile"},
		Summary: "What everybody may know of an account",
		Errors:  []int{http.StatusNotFound, http.StatusServiceUnavailable},
	}, h.publicProfile)
}

// registerUsers adds what those do who give roles.
func (h *Handlers) registerUsers(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "list-users", Method: http.MethodGet, Path: base + "/users", Tags: []string{"users"},
		Summary: "All accounts", Security: identity.SignedIn(identity.Admin),
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable},
	}, h.listUsers)
	huma.Register(api, huma.Operation{
		OperationID: "set-roles", Method: http.MethodPut, Path: base + "/users/{id}/roles", Tags: []string{"users"},
		Summary:  "Give an account these roles and no others, within five seconds",
		Security: identity.SignedIn(identity.Admin),
		Errors: []int{
			http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable,
		},
	}, h.setRoles)
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
