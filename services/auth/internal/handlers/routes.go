// Package handlers is the HTTP API of the service.
package handlers

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/auth/internal/domain"
)

// base is the path of all public operations.
const base = "/api/v1/auth"

// handlers answers requests.
type handlers struct {
	accounts  *domain.Accounts
	sessions  *domain.Sessions
	keys      *domain.APIKeys
	keySet    func() identity.KeySet
	trail     domain.Trail
	refusals  *domain.RefusalLog
	deletions *domain.Deletions
	archives  *domain.Archives
	forgotten *domain.Forgotten
}

// Routes adds the operations to an API that identity.Protect guards. keySet returns the keys that verify access tokens.
func Routes(
	api huma.API, accounts *domain.Accounts, sessions *domain.Sessions, keys *domain.APIKeys, keySet func() identity.KeySet,
	trail domain.Trail, refusals *domain.RefusalLog, deletions *domain.Deletions, archives *domain.Archives, forgotten *domain.Forgotten,
) {
	h := &handlers{
		accounts: accounts, sessions: sessions, keys: keys, keySet: keySet, trail: trail, refusals: refusals,
		deletions: deletions, archives: archives, forgotten: forgotten,
	}
	h.signInRoutes(api)
	h.forgottenRoutes(api)
	h.sessionRoutes(api)
	h.profileRoutes(api)
	h.leavingRoutes(api)
	h.userRoutes(api)
	h.keyRoutes(api)
	h.apiKeyRoutes(api)
	h.auditRoutes(api)
}

func (h *handlers) signInRoutes(api huma.API) {
	tags := []string{"sign-in"}

	// A new account and its first session.
	huma.Register(api, huma.Operation{
		OperationID: "sign-up", Method: http.MethodPost, Path: base + "/signup/basic", Tags: tags,
		Summary: "Create an account and sign in", DefaultStatus: http.StatusCreated,
		Responses: web.Refusals(map[int]string{
			http.StatusConflict:            "An account has this `email`",
			http.StatusUnprocessableEntity: "`email` is not an address, `name` has too few letters, or `password` has more than 100 bytes",
		}),
	}, h.signUp)

	// A new session.
	huma.Register(api, huma.Operation{
		OperationID: "sign-in", Method: http.MethodPost, Path: base + "/signin/basic", Tags: tags,
		Summary: "Sign in with e-mail address and password",
		Responses: web.Refusals(map[int]string{
			http.StatusUnauthorized: "There is no API key, or e-mail address or password are wrong",
		}),
	}, h.signIn)

	// The next tokens of a session.
	huma.Register(api, huma.Operation{
		OperationID: "refresh", Method: http.MethodPost, Path: base + "/token/refresh", Tags: tags,
		Summary: "Exchange a refresh token for new tokens",
		Description: "A refresh token can be used once. Of several requests with the same token at the same time, one gets new " +
			"tokens and the others get 409. A token that is used again later ends its session, because it has been copied.",
		Responses: web.Refusals(map[int]string{
			http.StatusUnauthorized: "There is no API key, or the refresh token is not valid",
			http.StatusConflict:     "The refresh token was used a moment ago",
		}),
	}, h.refresh)
}

func (h *handlers) sessionRoutes(api huma.API) {
	signedIn, tags := identity.SignedIn(), []string{"sessions"}

	// Repeated, it does no harm.
	huma.Register(api, huma.Operation{
		OperationID: "sign-out", Method: http.MethodDelete, Path: base + "/signout", Tags: tags,
		Summary: "Sign out of this session", Security: signedIn,
	}, h.signOut)

	// One for each device that is signed in.
	huma.Register(api, huma.Operation{
		OperationID: "list-sessions", Method: http.MethodGet, Path: base + "/sessions", Tags: tags,
		Summary: "List your sessions, newest first", Security: signedIn,
	}, h.listSessions)

	// A session of another account is not found.
	huma.Register(api, huma.Operation{
		OperationID: "end-session", Method: http.MethodDelete, Path: base + "/sessions/{id}", Tags: tags,
		Summary: "End one of your sessions", Security: signedIn,
	}, h.endSession)

	// All at once, however many there are.
	huma.Register(api, huma.Operation{
		OperationID: "end-other-sessions", Method: http.MethodDelete, Path: base + "/sessions", Tags: tags,
		Summary: "End all your sessions except this one", Security: signedIn,
	}, h.endOtherSessions)

	// The current password is asked for, so that an unlocked device is not enough.
	huma.Register(api, huma.Operation{
		OperationID: "change-password", Method: http.MethodPut, Path: base + "/password", Tags: tags,
		Summary:  "Change your password and end all your other sessions",
		Security: signedIn, DefaultStatus: http.StatusNoContent,
		Responses: web.Refusals(map[int]string{
			http.StatusConflict:            "The password was changed by another session in the meantime",
			http.StatusUnprocessableEntity: "`current` is not the password, or `new` has more than 100 bytes",
		}),
	}, h.changePassword)
}

func (h *handlers) profileRoutes(api huma.API) {
	signedIn, tags := identity.SignedIn(), []string{"profile"}

	// As it is now: the access token says what was true when it was issued.
	huma.Register(api, huma.Operation{
		OperationID: "my-profile", Method: http.MethodGet, Path: base + "/profile/mine", Tags: tags,
		Summary: "Show your account", Security: signedIn,
		Responses: web.Refusals(map[int]string{
			http.StatusNotFound: "The account was deleted",
		}),
	}, h.myProfile)

	// Name and picture.
	huma.Register(api, huma.Operation{
		OperationID: "change-profile", Method: http.MethodPatch, Path: base + "/profile/mine", Tags: tags,
		Summary: "Change your profile; omitted fields stay unchanged", Security: signedIn,
		MaxBodyBytes: 32 << 10,
		Responses: web.Refusals(map[int]string{
			http.StatusNotFound:            "The account was deleted",
			http.StatusUnprocessableEntity: "`name` has too few letters, or `profilePicUrl` is not the URL of a web page",
		}),
	}, h.changeProfile)

	// With the code that was mailed at sign-up.
	huma.Register(api, huma.Operation{
		OperationID: "verify-address", Method: http.MethodPost, Path: base + "/profile/mine/verification", Tags: tags,
		Summary: "Verify your e-mail address", Security: signedIn, DefaultStatus: http.StatusNoContent,
		Description: "Until then, you can change nothing but your account, and get no other mail. Ten wrong codes use up a code. " +
			"For a verified address, the answer is 204 too.",
	}, h.verifyAddress)

	// In place of the code before.
	huma.Register(api, huma.Operation{
		OperationID: "mail-code", Method: http.MethodPost, Path: base + "/profile/mine/verification/mail", Tags: tags,
		Summary: "Get another code that verifies your e-mail address", Security: signedIn, DefaultStatus: http.StatusAccepted,
		Description: "Three times an hour at most. The code is valid for 24 hours, and earlier codes are not valid any more.",
		Errors:      []int{http.StatusConflict, http.StatusTooManyRequests},
	}, h.mailCode)

	// What everyone may see of an account.
	huma.Register(api, huma.Operation{
		OperationID: "profile", Method: http.MethodGet, Path: base + "/profile/id/{id}", Tags: tags,
		Summary: "Show the public profile of an account",
	}, h.publicProfile)
}

func (h *handlers) userRoutes(api huma.API) {
	admin, tags := identity.SignedIn(identity.Admin), []string{"users"}

	// All accounts, or the one with an e-mail address.
	huma.Register(api, huma.Operation{
		OperationID: "list-users", Method: http.MethodGet, Path: base + "/users", Tags: tags,
		Summary: "List all accounts, newest first", Security: admin,
		Responses: web.Refusals(map[int]string{http.StatusUnprocessableEntity: "`email` is not an address"}),
	}, h.listUsers)

	// The last ADMIN cannot lose the role.
	huma.Register(api, huma.Operation{
		OperationID: "set-roles", Method: http.MethodPut, Path: base + "/users/{id}/roles", Tags: tags,
		Summary: "Replace the roles of an account; they apply within five seconds", Security: admin,
		Responses: web.Refusals(map[int]string{
			http.StatusConflict:            "The account is the last ADMIN, or became one in the meantime, or its address is not verified",
			http.StatusUnprocessableEntity: "`roles[]` is not a role",
		}),
	}, h.setRoles)

	// For their own, ADMINs need the password.
	huma.Register(api, huma.Operation{
		OperationID: "delete-user", Method: http.MethodDelete, Path: base + "/users/{id}", Tags: tags,
		Summary: "Delete an account, for good", Security: admin, DefaultStatus: http.StatusAccepted, Description: erased,
		Responses: web.Refusals(map[int]string{
			http.StatusConflict: "Orders of the account are not shipped, or it is your own, or the last ADMIN",
		}),
	}, h.deleteUser)
}

// keyRoutes adds the operations for other programs.
func (h *handlers) keyRoutes(api huma.API) {
	tags := []string{"keys"}

	// Every service verifies access tokens with it.
	huma.Register(api, huma.Operation{
		OperationID: "key-set", Method: http.MethodGet, Path: base + "/.well-known/jwks.json", Tags: tags,
		Summary: "Get the keys that verify access tokens (RFC 7517)", Security: web.NoKey(),
	}, h.getKeySet)

	// The gateway asks this.
	huma.Register(api, huma.Operation{
		OperationID: "verify-api-key", Method: http.MethodGet, Path: base + "/verify/apikey", Tags: tags,
		Summary: "Check whether an API key is valid and what it permits",
	}, h.verifyAPIKey)
}

func (h *handlers) apiKeyRoutes(api huma.API) {
	admin, tags := identity.SignedIn(identity.Admin), []string{"keys"}

	// The only answer that shows the key.
	huma.Register(api, huma.Operation{
		OperationID: "create-api-key", Method: http.MethodPost, Path: base + "/apikeys", Tags: tags, Security: admin,
		Summary: "Create an API key", DefaultStatus: http.StatusCreated,
		Description: "The key is shown only in this answer. A repeated request with the same Idempotency-Key gets 409 and the " +
			"id of the key that exists.",
		Responses: web.Refusals(map[int]string{
			http.StatusConflict:            "The request with this Idempotency-Key has made a key already",
			http.StatusUnprocessableEntity: "`name` is empty, or `expiresAt` is in the past",
		}),
	}, h.createAPIKey)

	// Revoked and expired keys stay listed.
	huma.Register(api, huma.Operation{
		OperationID: "list-api-keys", Method: http.MethodGet, Path: base + "/apikeys", Tags: tags, Security: admin,
		Summary: "List all API keys, newest first, revoked and expired ones included",
	}, h.listAPIKeys)

	// One API key, without the key itself.
	huma.Register(api, huma.Operation{
		OperationID: "get-api-key", Method: http.MethodGet, Path: base + "/apikeys/{id}", Tags: tags, Security: admin,
		Summary: "Show an API key",
	}, h.getAPIKey)

	// For good.
	huma.Register(api, huma.Operation{
		OperationID: "revoke-api-key", Method: http.MethodDelete, Path: base + "/apikeys/{id}", Tags: tags, Security: admin,
		Summary: "Revoke an API key; it is refused everywhere within five seconds",
	}, h.revokeAPIKey)
}

func (h *handlers) auditRoutes(api huma.API) {
	admin, tags := identity.SignedIn(identity.Admin), []string{"audit"}

	// Sign-ins, roles, keys, passwords and sessions.
	huma.Register(api, huma.Operation{
		OperationID: "list-audit", Method: http.MethodGet, Path: base + "/audit", Tags: tags, Security: admin,
		Summary: "List what accounts did that concerns security, newest first",
		Description: "An entry is kept for 90 days. It is written before the change that it reports, so a change that failed at the " +
			"last moment may have an entry too. Equal requests within an hour share an entry.",
	}, h.listAudit)

	// What came to nothing, counted.
	huma.Register(api, huma.Operation{
		OperationID: "list-refusals", Method: http.MethodGet, Path: base + "/audit/refusals", Tags: tags, Security: admin,
		Summary:     "Show what was refused on a day, by network and by account",
		Description: "Counts are kept for 90 days, and are a few seconds late. The largest 200 of each kind are listed.",
	}, h.listRefusals)
}

// InternalBase is the path of the internal operations. No route of the gateway leads there.
const InternalBase = "/internal"

// InternalRoutes adds the operations for the other services, which call through their sidecars.
func InternalRoutes(api huma.API, sessions identity.Sessions, accounts *domain.Accounts) {
	// Every service asks this about the session of an access token.
	huma.Register(api, huma.Operation{
		OperationID: "session-liveness", Method: http.MethodGet, Path: "/sessions/{id}",
		Summary: "Check whether a session is active and which roles its account has",
	}, func(ctx context.Context, in *byID) (*private[identity.Session], error) {
		return privately(sessions(ctx, in.ID))
	})

	// order-api asks this for staff who know a customer's address. It tells nothing more of the account.
	huma.Register(api, huma.Operation{
		OperationID: "account-of-address", Method: http.MethodGet, Path: "/accounts",
		Summary: "Show the id of the account with an e-mail address",
	}, func(ctx context.Context, in *addressInput) (*private[accountID], error) {
		account, err := accounts.OfAddress(ctx, in.Email)
		return privately(accountID{account.ID}, err)
	})
}
