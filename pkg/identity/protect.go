package identity

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
)

// SignedIn is the Security of an operation for callers who are signed in. If roles are given, callers need one of them.
func SignedIn(roles ...Role) []map[string][]string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return []map[string][]string{{web.BearerScheme: names}}
}

// verified is the scope of operations that need a verified address. It stands among roles, and is in lower case unlike them.
const verified = "verified"

// Verified is the Security of an operation for callers who are signed in, and whose e-mail address is verified.
func Verified() []map[string][]string { return []map[string][]string{{web.BearerScheme: {verified}}} }

// Protect guards the operations of an API that have a Security. A request without a valid access token gets 401, and one
// without the role or a verified address gets 403, before the rest of the request is read. Call it before you register
// operations.
func Protect(api huma.API, v Verifier) {
	api.OpenAPI().Components.SecuritySchemes[web.BearerScheme] = &huma.SecurityScheme{Type: "http", Scheme: "bearer", BearerFormat: "JWT"}
	api.UseMiddleware(func(ctx huma.Context, next func(huma.Context)) {
		needs := needsOf(ctx.Operation())
		if !needs.token {
			next(ctx)
			return
		}
		authorised, err := authorise(ctx, v, needs)
		if err != nil {
			// package web turns a 500 with one cause into the problem document of that cause.
			_ = huma.WriteErr(api, ctx, http.StatusInternalServerError, "", err) // the caller may have gone away
			return
		}
		next(huma.WithContext(ctx, authorised))
	})
}

// needs is what an operation asks of its caller.
type needs struct {
	token    bool
	roles    []Role // one of them is enough
	verified bool
}

func needsOf(op *huma.Operation) (n needs) {
	for _, requirement := range op.Security {
		scopes, ok := requirement[web.BearerScheme]
		n.token = n.token || ok
		for _, scope := range scopes {
			if scope == verified {
				n.verified = true
			} else {
				n.roles = append(n.roles, Role(scope))
			}
		}
	}
	return n
}

// authorise returns a context with the caller of the request, who has what the operation needs.
func authorise(ctx huma.Context, v Verifier, n needs) (context.Context, error) {
	token, err := bearer(ctx.Header("Authorization"))
	if err != nil {
		return nil, err
	}
	caller, err := v.Verify(ctx.Context(), token)
	if err == nil && n.verified && !caller.Verified {
		// The answer may have been on its way when the address was verified. The next one is to a question from after that.
		caller, err = v.Verify(ctx.Context(), token)
	}
	switch {
	case err != nil:
		return nil, err
	case len(n.roles) > 0 && !caller.Has(n.roles...):
		return nil, errs.New(errs.Forbidden, "this needs the role %s", list(n.roles))
	case n.verified && !caller.Verified:
		return nil, errs.New(errs.Unverified, "this needs a verified e-mail address; send the code from our mail to "+
			"POST /api/v1/auth/profile/mine/verification, or ask for another with POST /api/v1/auth/profile/mine/verification/mail")
	}
	withCredential := context.WithValue(ctx.Context(), credentialKey{}, credential{verifier: v, token: token})
	return WithCaller(withCredential, caller), nil
}

// bearer returns the token of an Authorization header (RFC 6750).
func bearer(header string) (string, error) {
	kind, token, _ := strings.Cut(header, " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(kind, "Bearer") || token == "" {
		return "", errs.New(errs.Unauthenticated, "sign in, and send the access token as `Authorization: Bearer TOKEN`")
	}
	return token, nil
}

func list(roles []Role) string {
	names := make([]string, len(roles))
	for i, r := range slices.Sorted(slices.Values(roles)) {
		names[i] = string(r)
	}
	return strings.Join(names, " or ")
}
