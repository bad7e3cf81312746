package domain

import (
	"net/mail"
	"time"

	"stoa/pkg/common/errs"
)

// Account is an account as its events carry it.
type Account struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	Name  string `json:"name"`
	// At is when it happened.
	At time.Time `json:"at"`
	// Reason says, of sessions that were revoked, who did it.
	Reason string `json:"reason,omitempty"`
}

// ofAccounts is what people are told about their accounts. Whatever was not their own doing, they learn it here first.
var ofAccounts = map[Kind]words{
	AccountRegistered: {
		subject: "Welcome to Stoa",
		opening: "Your account is ready, and you can sign in with this e-mail address.",
		closing: "If it was not you who signed up, you need not do anything.",
	},
	PasswordChanged: {
		subject: "Your password was changed",
		opening: "The password of your account was changed, and all other sessions were ended.",
		closing: "If it was not you, somebody else can enter your account: please tell us at once.",
	},
	SessionsRevoked: {
		subject: "You were signed out elsewhere",
		opening: "As you asked for, all sessions of your account but one were ended.",
		closing: "If it was not you, please sign in and change your password.",
	},
}

// reusedToken is the reason of the service itself for ending a session, and ofReusedToken what its owner is told.
const reusedToken = "refresh_token_reused"

var ofReusedToken = words{
	subject: "We ended one of your sessions",
	opening: "A sign-in token of one of your sessions was used a second time. Somebody may have a copy of it, so we ended that session.",
	closing: "You can sign in again. If you do so on a device that others use too, please change your password.",
}

// OfAccount returns what an account's owner is told of an event; the event's id tells one time from the next.
func OfAccount(kind Kind, account Account, eventID string) (Notice, error) {
	if err := checkID(eventID); err != nil {
		return Notice{}, err
	}
	if err := checkID(account.ID); err != nil {
		return Notice{}, err
	}
	address, err := mail.ParseAddress(account.Email)
	if err != nil {
		return Notice{}, errs.Wrap(errs.Invalid, err, "the account %s has no e-mail address", account.ID)
	}
	said := ofAccounts[kind]
	if account.Reason == reusedToken {
		said = ofReusedToken
	}
	return Notice{
		Kind: kind, About: eventID, UserID: account.ID,
		To:      mail.Address{Name: oneLine(account.Name), Address: address.Address},
		Subject: said.subject, Opening: said.opening, Closing: said.closing, At: account.At,
	}, nil
}
