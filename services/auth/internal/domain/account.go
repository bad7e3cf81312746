// Package domain holds accounts, sessions and API keys: their rules, and how people use them.
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
	// PasswordHash is shown to nobody, not even to the owner.
	PasswordHash string    `json:"passwordHash"`
	Roles        []Role    `json:"roles"`
	CreatedAt    time.Time `json:"createdAt"`
	// Epoch counts how often all sessions but one were ended at once. A session of an earlier epoch has ended, unless it was
	// Spared the last time.
	Epoch  int    `json:"epoch,omitempty"`
	Spared string `json:"spared,omitempty"`
	// Networks are those that the last sign-ins came from, the latest at the end.
	Networks []string `json:"networks,omitempty"`
	// Unpublished are the events that the broker has not taken yet; see Publisher. Stored under its first name.
	Unpublished []Event `json:"unannounced,omitempty"`
}

// maxNetworks is how many networks of an account are remembered.
const maxNetworks = 20

// Admits reports whether a session belongs to the account and was not ended together with others.
func (a *Account) Admits(s Session) bool {
	return s.AccountID == a.ID && (s.Epoch == a.Epoch || s.ID == a.Spared)
}

// endOthers ends all sessions but one, at once.
func (a *Account) endOthers(spared string) {
	a.Epoch++
	a.Spared = spared
}

// KnowsNetwork reports whether a sign-in came from this network before.
func (a *Account) KnowsNetwork(network string) bool { return slices.Contains(a.Networks, network) }

// rememberNetwork notes that a sign-in came from a network.
func (a *Account) rememberNetwork(network string) {
	if a.KnowsNetwork(network) {
		return
	}
	a.Networks = append(a.Networks, network)
	a.Networks = a.Networks[max(0, len(a.Networks)-maxNetworks):]
}

// Registration is what a person enters to sign up. Make one with NewRegistration.
type Registration struct {
	email    Email
	name     string
	password string
}

// The lengths that sign-up accepts. Names count in characters. Passwords have a minimum in characters and a maximum in
// bytes, because bytes are hashed.
const (
	minName, maxName         = 2, 200
	minPassword, maxPassword = 8, 100
)

// NewRegistration checks the input; the error names every field at fault.
func NewRegistration(email, name, password string) (Registration, error) {
	var faults []errs.Field
	parsed, err := ParseEmail(email)
	if err != nil {
		faults = append(faults, errs.From(err).Fields...)
	}
	name, nameFaults := parseName(name)
	faults = append(faults, nameFaults...)
	faults = append(faults, checkNewPassword("password", password)...)
	return Registration{email: parsed, name: name, password: password}, errs.InvalidFields(faults...)
}

// parseName returns a name without surrounding spaces, and what is wrong with it.
func parseName(name string) (string, []errs.Field) {
	name = strings.TrimSpace(name)
	if n := utf8.RuneCountInString(name); n < minName || n > maxName {
		return "", []errs.Field{{Name: "name", Problem: "must have 2 to 200 characters, without surrounding spaces"}}
	}
	if strings.ContainsFunc(name, unicode.IsControl) {
		return "", []errs.Field{{Name: "name", Problem: "must not contain control characters"}}
	}
	return name, nil
}

// checkNewPassword returns what is wrong with a new password, in the field of this name.
func checkNewPassword(field, password string) []errs.Field {
	if utf8.RuneCountInString(password) < minPassword || len(password) > maxPassword {
		return []errs.Field{{Name: field, Problem: "must have at least 8 characters and at most 100 bytes"}}
	}
	return nil
}

// account returns the account of the registration.
func (r Registration) account(id, passwordHash string, now time.Time, roles []Role) Account {
	return Account{
		ID: id, Email: r.email, Name: r.name, PasswordHash: passwordHash, Roles: withLearner(roles), CreatedAt: now.UTC(),
	}
}
