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

// Protect guards the operations of an API that have a Security. A request without a valid access token gets 401, and one
// without the role gets 403, before the rest of the request is read. Call it before you register operations.
func Protect(api huma.API, v Verifier) {
	components := api.OpenAPI().Components
	if components.SecuritySchemes == nil {
		components.SecuritySchemes = map[string]*huma.SecurityScheme{}
	}
	components.SecuritySchemes[web.BearerScheme] = &huma.SecurityScheme{Type: "http", Scheme: "bearer", BearerFormat: "JWT"}
	api.UseMiddleware(func(ctx huma.Context, next func(huma.Context)) {
		roles, protected := required(ctx.Operation())
		if !protected {
			next(ctx)
			return
		}
		authorised, err := authorise(ctx, v, roles)
		if err != nil {
			// package web turns a 500 with one cause into the problem document of that cause.
			_ = huma.WriteErr(api, ctx, http.StatusInternalServerError, "", err) // the caller may have gone away
			return
		}
		next(huma.WithContext(ctx, authorised))
	})
}

// required returns the roles that an operation asks for; one of them is enough.
func required(op *huma.Operation) (roles []Role, protected bool) {
	for _, requirement := range op.Security {
		names, ok := requirement[web.BearerScheme]
		protected = protected || ok
		for _, name := range names {
			roles = append(roles, Role(name))
		}
	}
	return roles, protected
}

// authorise returns a context with the caller of the request. If roles are given, the caller must have one of them.
func authorise(ctx huma.Context, v Verifier, roles []Role) (context.Context, error) {
	token, err := bearer(ctx.Header("Authorization"))
	if err != nil {
		return nil, err
	}
	caller, err := v.Verify(ctx.Context(), token)
	if err != nil {
		return nil, err
	}
	if len(roles) > 0 && !caller.Has(roles...) {
		return nil, errs.New(errs.Forbidden, "this needs the role %s", list(roles))
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
