package domain

import "context"

// OwnData is what is stored here about an account, without what is stored about others. Each method returns a page, and the cursor of
// the next one, "" at the end.
type OwnData struct {
	settings SettingsStore
	digests  DigestStore
	editors  EditorStore
	inbox    Inbox
}

// NewOwnData returns what these stores have.
func NewOwnData(settings SettingsStore, digests DigestStore, editors EditorStore, inbox Inbox) *OwnData {
	return &OwnData{settings, digests, editors, inbox}
}

// Settings returns what the account has decided about its mails, nothing if it has not.
func (o *OwnData) Settings(ctx context.Context, accountID, _ string) (all []Settings, _ string, _ error) {
	known, err := o.settings.GetEach(ctx, []string{accountID})
	if settings := known[accountID]; settings.ID != "" {
		all = append(all, settings)
	}
	return all, "", err
}

// Digest returns what is gathered for the next digest of the account.
func (o *OwnData) Digest(ctx context.Context, accountID, _ string) (all []Digest, _ string, _ error) {
	digest, err := o.digests.Get(ctx, accountID)
	if digest.ID != "" {
		all = append(all, digest)
	}
	return all, "", err
}

// Editor returns what is known of the account as an editor.
func (o *OwnData) Editor(ctx context.Context, accountID, _ string) (all []Editor, _ string, _ error) {
	known, err := o.editors.Get(ctx)
	if editor, listed := known[accountID]; listed {
		all = append(all, editor)
	}
	return all, "", err
}

// dataPage is how many notices are on a page.
const dataPage = 100

// Notices returns the inbox of the account. The events of mails that wait are about others too.
func (o *OwnData) Notices(ctx context.Context, accountID, cursor string) ([]Record, string, error) {
	records, next, err := o.inbox.List(ctx, accountID, cursor, dataPage)
	for i := range records {
		records[i].Mail.Cause = nil
	}
	return records, next, err
}
