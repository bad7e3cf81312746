// Package identity says who is calling. Every service verifies the caller's access token itself and trusts no header that
// something in between could have set. That is why any gateway can stand in front.
package identity

import (
	"context"
	"slices"
	"time"
)

// Role is a right that an account has. No role includes another.
type Role string

// The roles.
const (
	// Learner: every account.
	Learner Role = "LEARNER"
	// Author: writes posts.
	Author Role = "AUTHOR"
	// Editor: publishes posts.
	Editor Role = "EDITOR"
	// Staff: runs the shop, with catalogue, fulfilment and dead letters.
	Staff Role = "STAFF"
	// Admin: grants roles.
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
	// Roles are the rights that the account has.
	Roles []Role
	// ExpiresAt is the end of the access token.
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
