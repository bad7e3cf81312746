package domain

import (
	"errors"
	"fmt"
	"net/mail"
	"time"

	"stoa/pkg/common/errs"
)

// Account is an account as events carry it.
type Account struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	Name  string `json:"name"`
	// At is the time of the event.
	At time.Time `json:"at"`
	// Reason says why sessions were revoked.
	Reason string `json:"reason,omitempty"`
	// Verified says that the address belongs to the owner of the account. Otherwise it may be a stranger's.
	Verified bool `json:"verified"`
	// Code verifies the address, until ExpiresAt.
	Code      string    `json:"code,omitempty"`
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
}

// accountWords are the texts about accounts. They warn an owner of changes that someone else made.
var accountWords = map[Kind]words{
	AccountRegistered: {
		subject: "Welcome to Stoa",
		opening: "Your account is ready, and you can sign in with this e-mail address.",
		closing: "If you did not sign up, you can ignore this mail.",
	},
	AddressVerified: {
		subject: "Welcome to Stoa",
		opening: "Your e-mail address is verified, and your account is ready.",
		closing: "If you did not sign up, please tell us at once.",
	},
	PasswordChanged: {
		subject: "Your password was changed",
		opening: "The password of your account was changed, and all other sessions were ended.",
		closing: "If this was not you, someone else can use your account: please tell us at once.",
	},
	SessionsRevoked: {
		subject: "You were signed out elsewhere",
		opening: "As you requested, all other sessions of your account were ended.",
		closing: "If this was not you, please sign in and change your password.",
	},
}

// reusedToken is the reason that an event has when auth itself ended a session.
const reusedToken = "refresh_token_reused"

var reusedTokenWords = words{
	subject: "We ended one of your sessions",
	opening: "A sign-in token of one of your sessions was used twice. Someone may have copied it, so we ended that session.",
	closing: "You can sign in again. If other people use your device too, please change your password.",
}

// AccountNotice returns the notice about an event of an account. It fails with errs.Invalid for an event that no mail can be
// sent about. To an address that is not verified, nothing is mailed: the notice only appears in the inbox.
func AccountNotice(kind Kind, account Account, eventID string) (Notice, error) {
	if err := errors.Join(checkID(eventID), checkID(account.ID)); err != nil {
		return Notice{}, err
	}
	address, err := mail.ParseAddress(account.Email)
	if err != nil {
		return Notice{}, errs.Wrap(errs.Invalid, err, "the account %s has no e-mail address", account.ID)
	}
	text := accountWords[kind]
	if account.Reason == reusedToken {
		text = reusedTokenWords
	}
	notice := Notice{
		Kind: kind, About: eventID, UserID: account.ID,
		Subject: text.subject, Opening: text.opening, Closing: text.closing, At: account.At,
	}
	if account.Verified {
		notice.To = mail.Address{Name: oneLine(account.Name), Address: address.Address}
	}
	return notice, nil
}

// CodeNotice returns the notice with the code that verifies the address of an account: the only mail that goes to an address
// before. Those who signed up may not be those who read it. So it does not show the name that they chose, and the code is
// neither in their inbox nor in Opening, which is stored.
func CodeNotice(account Account, eventID string) (Notice, error) {
	notice, err := AccountNotice(CodeRequested, account, eventID)
	notice.UserID, notice.To = "", mail.Address{Address: account.Email}
	notice.Subject = "Please verify your e-mail address"
	notice.Opening = "Someone signed up at Stoa with this e-mail address. If it was you, please verify that the address is yours."
	notice.Closing = fmt.Sprintf("Your code is %s. It is valid until %s. If you did not sign up, please ignore this mail.",
		account.Code, account.ExpiresAt.UTC().Format("2 January 2006, 15:04 UTC"))
	return notice, err
}
