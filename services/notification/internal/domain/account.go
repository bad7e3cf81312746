package domain

import (
	"fmt"
	"net/mail"
	"net/url"
	"strings"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
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
	// Roles are in the events that tell who is an editor.
	Roles []string `json:"roles,omitempty"`
	// Verified says that the address belongs to the owner of the account. Otherwise it may be a stranger's.
	Verified bool `json:"verified"`
	// Code verifies the address, or is what a link ends with, until ExpiresAt.
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
// sent about. Account and time identify the notice, because a replayed event has another id. To an address that is not
// verified, nothing is mailed: the notice only appears in the inbox.
func AccountNotice(kind Kind, account Account) (Notice, error) {
	if account.At.IsZero() {
		return Notice{}, errs.New(errs.Invalid, "the event about the account %s has no time", account.ID)
	}
	to, err := recipient(account.ID, account.Name, account.Email)
	if err != nil {
		return Notice{}, err
	}
	if !account.Verified {
		to = mail.Address{}
	}
	text := accountWords[kind]
	if account.Reason == reusedToken {
		text = reusedTokenWords
	}
	return Notice{
		Kind: kind, About: ids.Derive(account.ID, account.At.UTC().Format(time.RFC3339Nano)), UserID: account.ID, To: to,
		Subject: text.subject, Opening: text.opening, Closing: text.closing, At: account.At,
	}, nil
}

// CodeNotice returns the notice with the code that verifies the address of an account: the only mail that goes to an address
// before. Those who signed up may not be those who read it. So it does not show the name that they chose, and the code is
// neither in their inbox nor in Opening, which is stored.
func CodeNotice(account Account) (Notice, error) {
	account.Name, account.Verified = "", true // so it is mailed
	notice, err := AccountNotice(CodeRequested, account)
	notice.UserID = ""
	notice.Subject = "Please verify your e-mail address"
	notice.Opening = "Someone signed up at Stoa with this e-mail address. If it was you, please verify that the address is yours."
	notice.Closing = fmt.Sprintf("Your code is %s. It is valid until %s. If you did not sign up, please ignore this mail.",
		account.Code, account.ExpiresAt.UTC().Format("2 January 2006, 15:04 UTC"))
	return notice, err
}

// PasswordNotice returns the notice with the link that sets the password of an account. It is mailed to an address that is not
// verified too, without the name that somebody chose. It fails with errs.NotFound once the link is not valid any more.
func PasswordNotice(account Account, site Site) (Notice, error) {
	if !account.ExpiresAt.After(now()) {
		return Notice{}, errs.New(errs.NotFound, "the link is not valid any more")
	}
	if !account.Verified {
		account.Name, account.Verified = "", true // so it is mailed
	}
	notice, err := AccountNotice(PasswordLink, account)
	notice.UserID = ""
	notice.Subject = "Set a new password"
	notice.Opening = "Someone asked for a link that sets a new password for your account at Stoa. If it was you, open it:"
	notice.Link = site.password(account.Code)
	notice.Closing = fmt.Sprintf("It is valid once, until %s. If you did not ask for it, please ignore this mail: your password stays as it is.",
		account.ExpiresAt.UTC().Format("2 January 2006, 15:04 UTC"))
	return notice, err
}

// password is the address at which somebody with this code sets a password.
func (s Site) password(code string) string {
	return strings.TrimRight(string(s), "/") + "/forgotten?" + url.Values{"code": {code}}.Encode()
}
