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

// Account is one person's account.
type Account struct {
	ID         string `json:"id"`
	Email      Email  `json:"email"`
	Name       string `json:"name"`
	PictureURL string `json:"pictureUrl,omitempty"`
	// PasswordHash is never shown to anybody, the owner included.
	PasswordHash string    `json:"passwordHash"`
	Roles        []Role    `json:"roles"`
	CreatedAt    time.Time `json:"createdAt"`
	// Epoch counts how often all sessions but one were ended at once. A session of an earlier epoch has ended, unless it is
	// the one that was Spared the last time.
	Epoch  int    `json:"epoch,omitempty"`
	Spared string `json:"spared,omitempty"`
	// Networks are where the account was last signed in to from, the latest at the end.
	Networks []string `json:"networks,omitempty"`
	// Unannounced is what happened to the account and is not published yet. It is written together with what happened, so
	// that neither is there without the other.
	Unannounced []Announcement `json:"unannounced,omitempty"`
}

// maxNetworks is how many networks of an account are remembered.
const maxNetworks = 20

// Admits reports whether a session of the account has not been ended together with others.
func (a *Account) Admits(s Session) bool {
	return s.AccountID == a.ID && (s.Epoch == a.Epoch || s.ID == a.Spared)
}

// endOthers ends all sessions but one, at once.
func (a *Account) endOthers(spared string) {
	a.Epoch++
	a.Spared = spared
}

// KnowsNetwork reports whether the account was signed in to from this network before.
func (a *Account) KnowsNetwork(network string) bool { return slices.Contains(a.Networks, network) }

// rememberNetwork puts a network among those that the account was signed in to from.
func (a *Account) rememberNetwork(network string) {
	if a.KnowsNetwork(network) {
		return
	}
	a.Networks = append(a.Networks, network)
	a.Networks = a.Networks[max(0, len(a.Networks)-maxNetworks):]
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
	name, nameFaults := parseName(name)
	faults = append(faults, nameFaults...)
	faults = append(faults, checkPassword("password", password)...)
	return Registration{email: parsed, name: name, password: password}, errs.InvalidFields(faults...)
}

// parseName returns a name without the spaces around it, and what is wrong with it.
func parseName(name string) (string, []errs.Field) {
	name = strings.TrimSpace(name)
	if n := utf8.RuneCountInString(name); n < minName || n > maxName {
		return "", []errs.Field{{Name: "name", Problem: "must have 2 to 200 characters, not counting spaces around"}}
	}
	if strings.ContainsFunc(name, unicode.IsControl) {
		return "", []errs.Field{{Name: "name", Problem: "must not hold control characters"}}
	}
	return name, nil
}

// checkPassword says what is wrong with a password that somebody chose, in the field of this name.
func checkPassword(field, password string) []errs.Field {
	if utf8.RuneCountInString(password) < minPassword || len(password) > maxPassword {
		return []errs.Field{{Name: field, Problem: "must have at least 8 characters and at most 100 bytes"}}
	}
	return nil
}

// account is the account that follows from the registration.
func (r Registration) account(id, passwordHash string, now time.Time, roles []Role) Account {
	return Account{
		ID: id, Email: r.email, Name: r.name, PasswordHash: passwordHash, Roles: withLearner(roles), CreatedAt: now.UTC(),
	}
}
