// Package domain has the rules and the use cases of accounts, sessions and API keys.
package domain

import (
	"slices"
	"time"
	"unicode/utf8"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/names"
)

// Account is one person's account.
type Account struct {
	ID         string `json:"id"`
	Email      Email  `json:"email"`
	Name       string `json:"name"`
	PictureURL string `json:"pictureUrl,omitempty"`
	// PasswordHash never leaves the service.
	PasswordHash string      `json:"passwordHash"`
	PasswordSet  PasswordSet `json:"passwordSet,omitzero"`
	// Roles are the roles but ADMIN, see AllRoles.
	Roles []Role `json:"roles"`
	// AdminCandidate says that the account was given the role ADMIN once. It stays true, so that it is true for everyone on
	// the list of Admins, which need not be read for others.
	AdminCandidate bool `json:"adminCandidate,omitempty"`
	// Admin says that the account has the role ADMIN. It is not stored: an AccountStore finds it on the list of Admins. Inside
	// a change of AccountStore.Update it is not known.
	Admin     bool      `json:"-"`
	CreatedAt time.Time `json:"createdAt"`
	// VerifiedAt is when the address was verified. Until then, Verification has the code for it.
	VerifiedAt   time.Time    `json:"verifiedAt,omitzero"`
	Verification Verification `json:"verification,omitzero"`
	// Epoch counts how often all sessions but one were ended at once. A session of an earlier epoch has ended, unless Spared
	// is its id.
	Epoch  int    `json:"epoch,omitempty"`
	Spared string `json:"spared,omitempty"`
	// Networks are those from which the owner has signed in, the newest last.
	Networks []string `json:"networks,omitempty"`
	// Unpublished are the events that the broker has not accepted yet; see Publisher. Stored accounts use its earlier name.
	Unpublished []Event `json:"unannounced,omitempty"`
	// Links are those that were mailed within the last hour, to set a forgotten password.
	Links []Link `json:"links,omitempty"`
	// First says that the secret AUTH_BOOTSTRAP names the account.
	First bool `json:"first,omitempty"`
	// Deletion is not nil if the account is deleted, or is being deleted.
	Deletion *Deletion `json:"deletion,omitempty"`
}

// maxNetworks limits Account.Networks.
const maxNetworks = 20

// Admits reports whether a session belongs to the account, and was not ended by ending all others of the account, or all.
func (a *Account) Admits(s Session) bool {
	return s.AccountID == a.ID && (s.Epoch >= a.Epoch || s.ID == a.Spared) && !a.Deleted()
}

// endOthers ends all sessions but one, at once.
func (a *Account) endOthers(spared string) {
	a.Epoch++
	a.Spared = spared
}

// KnowsNetwork reports whether a sign-in came from this network before.
func (a *Account) KnowsNetwork(network string) bool { return slices.Contains(a.Networks, network) }

// origin is where a password for the account comes from.
func (a *Account) origin(from Client) Origin {
	return Origin{Network: from.Network, Familiar: a.KnowsNetwork(from.Network)}
}

// rememberNetwork records that a sign-in came from a network.
func (a *Account) rememberNetwork(network string) {
	if !a.KnowsNetwork(network) {
		a.Networks = append(a.Networks[max(0, len(a.Networks)+1-maxNetworks):], network)
	}
}

// Registration is the valid input of a sign-up, which NewRegistration checks.
type Registration struct {
	email    Email
	name     string
	password string
}

// The lengths of names, in characters, and of passwords: at least minPassword characters, at most maxPassword bytes, because
// a hash takes bytes.
const (
	minName, maxName         = 2, 200
	minPassword, maxPassword = 8, 100
)

// NewRegistration checks the input. Its error names every wrong field.
func NewRegistration(email, name, password string) (Registration, error) {
	var faults []errs.Field
	parsed, err := ParseEmail(email)
	if err != nil {
		faults = append(faults, errs.From(err).Fields...)
	}
	name, nameFaults := parseName(name, minName, maxName)
	faults = append(faults, nameFaults...)
	faults = append(faults, checkNewPassword("password", password)...)
	return Registration{email: parsed, name: name, password: password}, errs.InvalidFields(faults...)
}

// parseName returns a clean name, and what is wrong with it.
func parseName(typed string, shortest, longest int) (name string, faults []errs.Field) {
	name, problem := names.Clean(typed, shortest, longest)
	if problem != "" {
		faults = append(faults, errs.Field{Name: "name", Problem: problem})
	}
	return name, faults
}

// checkNewPassword returns what is wrong with a new password, in the field of this name.
func checkNewPassword(field, password string) []errs.Field {
	if utf8.RuneCountInString(password) < minPassword || len(password) > maxPassword {
		return []errs.Field{{Name: field, Problem: "must have at least 8 characters and at most 100 bytes"}}
	}
	return nil
}
