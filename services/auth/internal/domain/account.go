// Package domain is what an account, a session and an API key are, and the rules that they keep.
package domain

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"stoa/pkg/common/errs"
)

// Role is a right that an account holds. A role is exact: none contains another.
type Role string

// The roles. Everybody is a learner.
const (
	Learner Role = "LEARNER"
	Author  Role = "AUTHOR"
	Editor  Role = "EDITOR"
	Staff   Role = "STAFF"
	Admin   Role = "ADMIN"
)

// Account is one person's account.
type Account struct {
	ID    string `json:"id"`
	Email Email  `json:"email"`
	Name  string `json:"name"`
	// PasswordHash is never shown to anybody, the owner included.
	PasswordHash string    `json:"passwordHash"`
	Roles        []Role    `json:"roles"`
	CreatedAt    time.Time `json:"createdAt"`
}

// Registration is what somebody who signs up says about themselves. Make one with NewRegistration.
type Registration struct {
	email    Email
	name     string
	password string
}

// The lengths that sign-up accepts: names in characters; passwords in characters at least and in bytes at most, since
// the bytes are what is hashed.
const (
	minName, maxName         = 2, 200
	minPassword, maxPassword = 8, 100
)

// NewRegistration checks what somebody wrote; the error names every field at fault.
func NewRegistration(email, name, password string) (Registration, error) {
	var faults []errs.Field
	parsed, err := ParseEmail(email)
	if err != nil {
		faults = append(faults, errs.From(err).Fields...)
	}
	name = strings.TrimSpace(name)
	if n := utf8.RuneCountInString(name); n < minName || n > maxName {
		faults = append(faults, errs.Field{Name: "name", Problem: "must have 2 to 200 characters, not counting spaces around"})
	} else if strings.ContainsFunc(name, unicode.IsControl) {
		faults = append(faults, errs.Field{Name: "name", Problem: "must not hold control characters"})
	}
	if utf8.RuneCountInString(password) < minPassword || len(password) > maxPassword {
		faults = append(faults, errs.Field{Name: "password", Problem: "must have at least 8 characters and at most 100 bytes"})
	}
	return Registration{email: parsed, name: name, password: password}, errs.InvalidFields(faults...)
}

// account is the account that follows from the registration. Everybody is a learner, whatever else they are.
func (r Registration) account(id, passwordHash string, now time.Time, roles []Role) Account {
	all := []Role{Learner}
	for _, role := range roles {
		if !slices.Contains(all, role) {
			all = append(all, role)
		}
	}
	return Account{
		ID: id, Email: r.email, Name: r.name, PasswordHash: passwordHash, Roles: all, CreatedAt: now.UTC(),
	}
}
