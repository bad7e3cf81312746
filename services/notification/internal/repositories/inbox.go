// Package repositories stores inboxes and deliveries.
package repositories

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
	"stoa/services/notification/internal/domain"
)

// store is the name of the state store component.
const store = "notification-store"

// Inbox implements domain.Inbox: a document for each notice, and a list for each user.
type Inbox struct {
	entries *sidecar.Documents[domain.Entry]
	lists   *sidecar.Lists[domain.Entry]
}

// NewInbox returns the inboxes in the store behind a sidecar.
func NewInbox(s *sidecar.Sidecar) *Inbox {
	entries := sidecar.NewDocuments[domain.Entry](s, store, "notice")
	return &Inbox{entries: entries, lists: sidecar.NewLists(entries, "inbox-of")}
}

// Put implements domain.Inbox. It writes the entry, then the list. After a crash in between, the event is delivered again
// and completes the list.
func (r *Inbox) Put(ctx context.Context, n domain.Notice, at time.Time) error {
	entry := n.Entry(at)
	if err := r.entries.Create(ctx, entry.ID, entry, 0); err != nil && !errs.Is(err, errs.Conflict) {
		return err
	}
	return r.lists.Add(ctx, n.UserID, entry.ID)
}

// List implements domain.Inbox.
func (r *Inbox) List(ctx context.Context, userID, cursor string, limit int) ([]domain.Entry, string, error) {
	return r.lists.Page(ctx, userID, cursor, limit, nil)
}
