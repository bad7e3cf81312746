package domain

import (
	"context"
	"time"
)

// Act is what somebody did that concerns security, by the name of the operation.
type Act string

// The acts. ReuseToken is a refresh with a token that was used before.
const (
	SignUp           Act = "sign-up"
	SignIn           Act = "sign-in"
	SignOut          Act = "sign-out"
	ReuseToken       Act = "reuse-refresh-token"
	EndSession       Act = "end-session"
	EndOtherSessions Act = "end-other-sessions"
	ChangePassword   Act = "change-password"
	SetForgotten     Act = "set-forgotten-password"
	ChangeProfile    Act = "change-profile"
	VerifyAddress    Act = "verify-address"
	MailCode         Act = "mail-code"
	SetRoles         Act = "set-roles"
	CreateAPIKey     Act = "create-api-key"
	RevokeAPIKey     Act = "revoke-api-key"
	DeleteAccount    Act = "delete-account"
	DeleteUser       Act = "delete-user"
	RequestData      Act = "request-my-data"
	FetchData        Act = "fetch-my-data"
)

// role is the role that an act needs.
func (a Act) role() Role {
	switch a {
	case SetRoles, CreateAPIKey, RevokeAPIKey, DeleteUser:
		return Admin
	default:
		return Learner
	}
}

// AuditTTL is how long the audit trail keeps what happened.
const AuditTTL = 90 * 24 * time.Hour

// foldWithin is for how long the same act counts in one entry: who signs in again and again does not bury what others did.
const foldWithin = time.Hour

// Entry is an entry of the audit trail: an act, or several that are alike.
type Entry struct {
	Act Act `json:"act"`
	// AccountID is the account that acted.
	AccountID string `json:"accountId"`
	// Subject is the id of what was changed, unless it was the account itself.
	Subject string `json:"subject,omitempty"`
	// Detail is what the subject became, such as the roles of an account.
	Detail string `json:"detail,omitempty"`
	// Network is where the acts came from, Address and UserAgent those of the last one.
	Network   string `json:"network"`
	Address   string `json:"address"`
	UserAgent string `json:"userAgent,omitempty"`
	// Count is how many acts there were, from First to Last.
	Count int       `json:"count"`
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
}

// entry returns the entry of an act now.
func (a Act) entry(accountID string, from Client) Entry {
	now := time.Now().UTC()
	return Entry{
		Act: a, AccountID: accountID, Network: from.Network, Address: from.Address, UserAgent: printable(from.UserAgent),
		Count: 1, First: now, Last: now,
	}
}

// about returns the entry with what was changed, and what it became.
func (e Entry) about(subject, detail string) Entry {
	e.Subject, e.Detail = subject, detail
	return e
}

// Fold adds a later entry to this one, if the acts are alike and within an hour.
func (e *Entry) Fold(later Entry) bool {
	alike := e.Act == later.Act && e.AccountID == later.AccountID && e.Subject == later.Subject && e.Detail == later.Detail &&
		e.Network == later.Network && later.Last.Sub(e.First) < foldWithin
	if alike {
		e.Count += later.Count
		e.Last, e.Address, e.UserAgent = later.Last, later.Address, later.UserAgent
	}
	return alike
}

// Trail stores the audit trail, each entry for at least AuditTTL.
type Trail interface {
	// Record adds an entry, or folds it into a recent one.
	Record(ctx context.Context, entry Entry) error
	// List returns a page of the entries of an account, "" for all, newest first, and the cursor of the next page, "" on the
	// last. A page may be short or empty before the last.
	List(ctx context.Context, accountID, cursor string, limit int) (entries []Entry, next string, err error)
}
