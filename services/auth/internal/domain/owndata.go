package domain

import (
	"context"
	"encoding/json"
)

// OwnData is what auth itself keeps about an account. It implements Source.
type OwnData struct {
	store    AccountStore
	sessions SessionStore
	trail    Trail
}

// NewOwnData returns what these stores keep.
func NewOwnData(store AccountStore, sessions SessionStore, trail Trail) *OwnData {
	return &OwnData{store, sessions, trail}
}

// auditPage is how many entries of the audit trail are on a page.
const auditPage = 100

// Page implements Source: account and sessions first, then the audit trail. Hashes of secrets are not part of it.
func (o *OwnData) Page(ctx context.Context, accountID, cursor string) (ArchivePage, error) {
	var page ArchivePage
	if cursor == "" {
		account, err := o.store.Get(ctx, accountID)
		if err != nil {
			return page, err
		}
		account.PasswordHash, account.Verification, account.Links, account.Unpublished = "", Verification{}, nil, nil
		account.PasswordSet.By = ""
		page.add("account", account)
		sessions, err := o.sessions.Of(ctx, accountID)
		if err != nil {
			return page, err
		}
		for _, session := range sessions {
			session.FamilyHash, session.RefreshHash, session.FormerHash = "", "", ""
			page.add("session", session)
		}
		page.Next = "audit"
		return page, nil
	}
	if cursor == "audit" {
		cursor = ""
	}
	entries, next, err := o.trail.List(ctx, accountID, cursor, auditPage)
	for _, entry := range entries {
		if entry.AccountID != accountID { // where somebody else has acted from is theirs
			entry.Network, entry.Address, entry.UserAgent = "", "", ""
		}
		page.add("audit", entry)
	}
	page.Next = next
	return page, err
}

func (p *ArchivePage) add(kind string, value any) {
	raw, _ := json.Marshal(value) // documents always marshal
	p.Pieces = append(p.Pieces, Piece{Service: "auth", Kind: kind, Data: raw})
}
