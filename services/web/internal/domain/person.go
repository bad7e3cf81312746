// Package domain has the rules of pages: who is in front of a browser, and how long.
package domain

import "slices"

// The roles that pages show more to, as auth names them.
const (
	Author = "AUTHOR"
	Editor = "EDITOR"
	Staff  = "STAFF"
	Admin  = "ADMIN"
)

// Person is an account, as its owner sees it. The zero Person is a guest.
type Person struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Email    string   `json:"email"`
	Roles    []string `json:"roles"`
	Verified bool     `json:"verified"`
}

// Has reports whether the person has at least one of these roles.
func (p Person) Has(roles ...string) bool {
	return slices.ContainsFunc(roles, func(role string) bool { return slices.Contains(p.Roles, role) })
}

// Visitor is who is in front of a browser. The zero Visitor is a guest.
type Visitor struct {
	Person Person
	// Token is the person's access token. It is empty for guests, and while auth does not answer and the last one has expired.
	Token string
	// Reference is what the browser has from now on; nil if that is what it sent.
	Reference *Reference
	// Ended says that what the browser sent is of no session any more.
	Ended bool
}

// SignedIn reports whether the visitor is not a guest.
func (v Visitor) SignedIn() bool { return v.Person.ID != "" }
