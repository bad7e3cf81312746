// Package repositories keeps inboxes and deliveries in the state store of the service.
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

// NewInbox returns the inboxes behind a sidecar.
func NewInbox(s *sidecar.Sidecar) *Inbox {
	entries := sidecar.NewDocuments[domain.Entry](s, store, "notice")
	return &Inbox{entries: entries, lists: sidecar.NewLists(entries, "inbox-of")}
}

// Put implements domain.Inbox. The entry comes before the list; after a crash in between, the next delivery of the event
// completes the list.
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
