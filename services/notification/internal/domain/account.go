package domain

import (
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
}

// accountWords are the texts about accounts. They warn an owner of changes that someone else made.
var accountWords = map[Kind]words{
	AccountRegistered: {
		subject: "Welcome to Stoa",
		opening: "Your account is ready, and you can sign in with this e-mail address.",
		closing: "If you did not sign up, you can ignore this mail.",
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
// sent about. Account and time identify the notice, because a replayed event has another id.
func AccountNotice(kind Kind, account Account) (Notice, error) {
	if account.At.IsZero() {
		return Notice{}, errs.New(errs.Invalid, "the event about the account %s has no time", account.ID)
	}
	to, err := recipient(account.ID, account.Name, account.Email)
	if err != nil {
		return Notice{}, err
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
