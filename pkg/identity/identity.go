// Package identity finds out who is calling. Every service verifies the caller's access token itself and trusts no header that
// a proxy could have set. So it does not depend on a particular gateway.
package identity

import (
	"context"
	"slices"
	"time"
)

// Role is what an account may do. No role includes another.
type Role string

// The roles.
const (
	// Learner: every account has it.
	Learner Role = "LEARNER"
	// Author: writes posts. No operation of the shop asks for it.
	Author Role = "AUTHOR"
	// Editor: publishes posts. No operation of the shop asks for it.
	Editor Role = "EDITOR"
	// Staff: runs the shop: catalogue, fulfilment, dead letters.
	Staff Role = "STAFF"
	// Admin: grants roles and makes API keys. Operations for Staff allow it too.
	Admin Role = "ADMIN"
)

// Caller is the person behind a request, as the access token and the session describe them.
type Caller struct {
	// ID is the account's id.
	ID string
	// Email is the address of the account.
	Email string
	// Name is what to call the person.
	Name string
	// SessionID is the session that the token belongs to.
	SessionID string
	// Roles are those of the account.
	Roles []Role
	// Verified says that the e-mail address belongs to the person.
	Verified bool
	// ExpiresAt is when the access token expires.
	ExpiresAt time.Time
}

// Has reports whether the caller has at least one of these roles.
func (c Caller) Has(roles ...Role) bool {
	return slices.ContainsFunc(roles, func(r Role) bool { return slices.Contains(c.Roles, r) })
}

type callerKey struct{}

// WithCaller returns a context in which c is the caller. Protect does this for requests.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerOf returns the caller of the request; the zero Caller if nobody is signed in.
func CallerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}
